"""Locking an endpoint, always before its deliveries, so that nobody waits for each other in a circle."""

from collections.abc import Collection
from uuid import UUID

from access.models import User
from webhooks.errors import NotYourWebhook, WebhookUnknown
from webhooks.models import Endpoint


def lock_endpoint(*, endpoint_id: UUID, by: User) -> Endpoint:
    """Lock an endpoint the user may stop, start and send to: a program its own, staff any; raises WebhookUnknown."""
    endpoint = lock_each(ids=[endpoint_id]).get(endpoint_id)
    if endpoint is None or not (by.is_staff or endpoint.owner_id == by.pk):
        raise WebhookUnknown(webhook=str(endpoint_id))
    return endpoint


def lock_own(*, endpoint_id: UUID, by: User) -> Endpoint:
    """Lock an endpoint of the user's own; raises WebhookUnknown, NotYourWebhook.

    Staff who could say where another's leads would hear what they may not see, and with its secret could tell what never happened.
    """
    endpoint = lock_endpoint(endpoint_id=endpoint_id, by=by)
    if endpoint.owner_id != by.pk:
        raise NotYourWebhook(user=endpoint.owner.get_username())
    return endpoint


def lock_each(*, ids: Collection[UUID]) -> dict[UUID, Endpoint]:
    """Lock endpoints, ascending by id, and return those there are."""
    return {row.id: row for row in Endpoint.objects.filter(id__any=list(ids)).order_by("id").select_for_update(no_key=True)}
