"""Webhooks over the API: registered, listed, shown, changed, disabled, enabled, given a new secret, tested."""

from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import UNSET, Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access.errors import ReasonMissing, RequestInvalid
from access.rest import Because, Endpoint, Fault, Page, ShowingOnce, operation, page_of, position, read_body, read_query, user_of
from messaging.errors import EventStreamRestarted
from transfers import stream
from transfers.stream import Place
from webhooks import lookup, selectors, services
from webhooks.api.words import ChangedWebhook, NewWebhook, WebhooksQuery
from webhooks.errors import (
    NotYourWebhook,
    TooManyWebhooks,
    WebhookActive,
    WebhookAddressRefused,
    WebhookDisabled,
    WebhookUnknown,
    WebhookUrlInvalid,
)
from webhooks.permissions import MANAGE, VIEW
from webhooks.selectors import DeliveryRow, EndpointRow
from webhooks.services import Registered

Secret = Annotated[
    str,
    Meta(
        description="Signs the deliveries; in the first answer only. Null when the request is repeated or rehearsed.",
        examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
    ),
]


class WebhookSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook and its new secret."""

    id: UUID
    secret: Secret | None

    @classmethod
    def of(cls, registered: Registered) -> "WebhookSecret":
        """Return it as it is told."""
        return cls(id=registered.id, secret=registered.secret)


class WebhooksFound(Page[EndpointRow], frozen=True, kw_only=True):
    """Webhooks, oldest first."""


class ShowingSecret(ShowingOnce):
    """An endpoint that makes a secret."""

    shown_once = "secret"


class Webhooks(ShowingSecret):
    """`webhooks`."""

    needs = {"GET": VIEW, "POST": MANAGE}

    @operation(id="webhooks_list", summary="List webhooks", tag="webhooks", query=WebhooksQuery, answers={200: WebhooksFound})
    def get(self, request: Request) -> Response:
        """List webhooks, oldest first: a program its own, staff everybody's."""
        query = read_query(request, WebhooksQuery)
        rows = selectors.find_endpoints(by=user_of(request), after=position(query.cursor, UUID), limit=query.limit + 1)
        return Response(page_of(rows, limit=query.limit, key=lambda row: row.id))

    @operation(
        id="webhooks_register",
        summary="Register a webhook",
        tag="webhooks",
        body=NewWebhook,
        answers={200: WebhookSecret, 201: WebhookSecret},
        is_kept=True,
        refuses=(WebhookUrlInvalid, WebhookAddressRefused, TooManyWebhooks, EventStreamRestarted),
    )
    def post(self, request: Request) -> Response:
        """Have events delivered to a URL, signed with the secret in this answer (Standard Webhooks)."""
        given, by = read_body(request, NewWebhook), user_of(request)
        after = _place(given.after)
        addresses = lookup.addresses_in_time(given.url)

        def make() -> WebhookSecret:
            return WebhookSecret.of(
                services.register_endpoint(url=given.url, events=given.events, after=after, addresses=addresses, by=by, now=timezone.now())
            )

        return self.once_shown(request, make)


class Webhook(Endpoint):
    """`webhooks/{id}`."""

    needs = {"GET": VIEW, "PATCH": MANAGE}

    @operation(id="webhooks_show", summary="Show a webhook", tag="webhooks", answers={200: EndpointRow}, refuses=(WebhookUnknown,))
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        """Show a webhook and how it does."""
        return Response(selectors.endpoint_by_id(endpoint_id=endpoint_id, by=user_of(request)))

    @operation(
        id="webhooks_change",
        summary="Change a webhook",
        tag="webhooks",
        body=ChangedWebhook,
        answers={200: EndpointRow},
        is_kept=True,
        refuses=(WebhookUrlInvalid, WebhookAddressRefused, WebhookUnknown, NotYourWebhook),
    )
    def patch(self, request: Request, endpoint_id: UUID) -> Response:
        """Give a webhook of yours another URL or other events. What waits goes to the new URL."""
        given, by = read_body(request, ChangedWebhook), user_of(request)
        url = None if given.url is UNSET else given.url
        events = None if given.events is UNSET else given.events
        addresses = lookup.addresses_in_time(url) if url is not None else ()

        def effect() -> tuple[int, EndpointRow]:
            services.change_endpoint(endpoint_id=endpoint_id, url=url, events=events, addresses=addresses, by=by, now=timezone.now())
            return 200, selectors.endpoint_by_id(endpoint_id=endpoint_id, by=by)

        return self.once(request, effect)


class Disable(Endpoint):
    """`webhooks/{id}/disable`."""

    needs = {"POST": MANAGE}

    @operation(
        id="webhooks_disable",
        summary="Disable a webhook",
        tag="webhooks",
        body=Because,
        answers={200: EndpointRow},
        is_kept=True,
        refuses=(ReasonMissing, WebhookUnknown, WebhookDisabled),
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Deliver nothing until it is enabled again; what waits is kept, and so is the place in the stream."""
        disable = partial(services.disable_endpoint, endpoint_id=endpoint_id)
        return self.once_because(request, disable, show=lambda: selectors.endpoint_by_id(endpoint_id=endpoint_id, by=user_of(request)))


class Enable(Endpoint):
    """`webhooks/{id}/enable`."""

    needs = {"POST": MANAGE}

    @operation(
        id="webhooks_enable",
        summary="Enable a webhook",
        tag="webhooks",
        body=Because,
        answers={200: EndpointRow},
        is_kept=True,
        refuses=(WebhookUnknown, WebhookActive, TooManyWebhooks),
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Deliver again, from where it stopped: nothing that happened meanwhile is left out."""
        enable = partial(services.enable_endpoint, endpoint_id=endpoint_id)
        return self.once_because(request, enable, show=lambda: selectors.endpoint_by_id(endpoint_id=endpoint_id, by=user_of(request)))


class RotateSecret(ShowingSecret):
    """`webhooks/{id}/rotate-secret`."""

    needs = {"POST": MANAGE}

    @operation(
        id="webhooks_rotate_secret",
        summary="Give a webhook a new secret",
        tag="webhooks",
        body=Because,
        answers={200: WebhookSecret, 201: WebhookSecret},
        is_kept=True,
        refuses=(WebhookUnknown, NotYourWebhook),
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Make a new secret for a webhook of yours. For a day the one before signs too, so that the receiver can change over in peace."""
        reason, by = read_body(request, Because).reason, user_of(request)

        def make() -> WebhookSecret:
            return WebhookSecret.of(services.rotate_secret(endpoint_id=endpoint_id, reason=reason, by=by, now=timezone.now()))

        return self.once_shown(request, make)


class Test(Endpoint):
    """`webhooks/{id}/test`."""

    needs = {"POST": MANAGE}

    @operation(
        id="webhooks_test",
        summary="Send a test",
        tag="webhooks",
        answers={202: DeliveryRow},
        is_kept=True,
        refuses=(WebhookUnknown, WebhookDisabled),
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Deliver a `webhook.test`, which is about nothing; ask for the delivery to see how it went."""
        by = user_of(request)

        def effect() -> tuple[int, DeliveryRow]:
            delivery_id = services.send_test(endpoint_id=endpoint_id, by=by, now=timezone.now())
            return 202, selectors.delivery_by_id(delivery_id=delivery_id, by=by)

        return self.once(request, effect)


def _place(cursor: str | None) -> Place | None:
    """Return the place a cursor of `events` stands for; raises RequestInvalid for one we never gave, EventStreamRestarted."""
    place = position(cursor, Place)
    if place is not None and place > stream.end():
        raise RequestInvalid(faults=(Fault(pointer="/after", detail="Use the `next` of an answer of `events` as it is."),))
    if place is not None:
        stream.require_known(place)
    return place
