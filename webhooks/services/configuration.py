"""What this bank is configured to allow, and how patient it is."""

from datetime import timedelta

from django.conf import settings

from webhooks.rules import Patience, Policy


def policy() -> Policy:
    """Return where webhooks may lead."""
    return Policy(allow_http=settings.WEBHOOKS_ALLOW_HTTP, allow_private=settings.WEBHOOKS_ALLOW_PRIVATE)


def patience() -> Patience:
    """Return how long is waited between tries, and when it is given up."""
    return Patience(
        first_s=settings.WEBHOOKS_RETRY_FIRST_S,
        longest_s=settings.WEBHOOKS_RETRY_MAX_S,
        give_up=timedelta(seconds=settings.WEBHOOKS_GIVE_UP_S),
    )
