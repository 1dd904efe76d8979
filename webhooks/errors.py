"""The refusals of webhooks, in the order in which they are checked."""

from access.errors import DomainError


class WebhookUrlInvalid(DomainError):
    """Nothing can be delivered to this address; `facts` carry `why`."""

    code, title = "webhook-url-invalid", "Nothing can be delivered to this address."
    advice = "It {why}."


class WebhookAddressRefused(DomainError):
    """The address leads into a network that is nobody else's business; `facts` carry the `address`."""

    code, title = "webhook-address-refused", "This address is not on the public internet."
    advice = "It leads to {address}; private, local and metadata addresses are refused unless the bank allows them."


class WebhookUnknown(DomainError):
    """There is no such webhook, or it is not the user's; `facts` carry `webhook`."""

    code, title = "webhook-unknown", "There is no such webhook."
    advice = "Check the id {webhook}; GET /api/v1/webhooks lists yours."


class NotYourWebhook(DomainError):
    """Where a webhook leads, and what signs for it, is its owner's alone to say; `facts` carry `user`."""

    code, title = "not-your-webhook", "This webhook is somebody else's."
    advice = "{user} changes it and is told its secret; others may disable and enable it, and send to it again."


class DeliveryUnknown(DomainError):
    """There is no such delivery, or it is not the user's; `facts` carry `delivery`."""

    code, title = "delivery-unknown", "There is no such delivery."
    advice = "Check the id {delivery}; those that went well are forgotten after a while."


class WebhookDisabled(DomainError):
    """Nothing is delivered to this webhook now; `facts` carry `webhook` and `why`."""

    code, title = "webhook-disabled", "This webhook is disabled."
    advice = "Enable {webhook} first; it was disabled: {why}."


class WebhookActive(DomainError):
    """The webhook is not disabled; `facts` carry `webhook`."""

    code, title = "webhook-active", "This webhook is active already."
    advice = "Nothing needs to be done about {webhook}."


class TooManyWebhooks(DomainError):
    """The owner has as many webhooks as one may have; `facts` carry `limit`."""

    code, title = "too-many-webhooks", "The owner has too many webhooks."
    advice = "One may have {limit} that are active; disable or change one of them."
