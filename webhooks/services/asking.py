"""Deliveries that somebody asks for: one sent again, and one that only tests."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from access import audit
from access.models import User
from access.permissions import require
from transfers import stream
from webhooks import letters, permissions
from webhooks.errors import DeliveryUnknown, WebhookDisabled
from webhooks.models import Delivery, Endpoint
from webhooks.services.endpoints import subject_of
from webhooks.services.locking import lock_endpoint


def send_again(*, delivery_id: UUID, reason: str = "", by: User, now: datetime) -> None:
    """Send a delivery again under its own id, at once and as patiently as a new one, whatever became of it.

    Raises NotAllowed, DeliveryUnknown, WebhookUnknown, WebhookDisabled.
    """
    require(by=by, permission=permissions.MANAGE)
    with transaction.atomic():
        endpoint_id = Delivery.objects.filter(id=delivery_id).values_list("endpoint_id", flat=True).first()
        if endpoint_id is None:
            raise DeliveryUnknown(delivery=str(delivery_id))
        _require_active(lock_endpoint(endpoint_id=endpoint_id, by=by))
        pending = {"status": Delivery.Status.PENDING, "finished_at": None, "asked_at": now, "next_at": now}
        if not Delivery.objects.filter(id=delivery_id).update(**pending):
            raise DeliveryUnknown(delivery=str(delivery_id))
        Endpoint.objects.filter(id=endpoint_id).update(next_at=now)
        sent = {"delivery": str(delivery_id)}
        audit.record(actor=by, action="webhook.sent-again", subject=subject_of(endpoint_id), after=sent, reason=reason, now=now)


def send_test(*, endpoint_id: UUID, by: User, now: datetime) -> UUID:
    """Queue a delivery that is about nothing and return its id. Raises NotAllowed, WebhookUnknown, WebhookDisabled."""
    require(by=by, permission=permissions.MANAGE)
    with transaction.atomic():
        endpoint = lock_endpoint(endpoint_id=endpoint_id, by=by)
        _require_active(endpoint)
        sequence = max(endpoint.sequence + 1, stream.first_id())
        Endpoint.objects.filter(id=endpoint_id).update(sequence=sequence, next_at=now)
        delivery = Delivery.objects.create(
            id=uuid7(),
            endpoint=endpoint,
            sequence=sequence,
            type=letters.TEST,
            body=letters.test(sequence=sequence, now=now),
            created_at=now,
            asked_at=now,
            next_at=now,
        )
    return delivery.id


def _require_active(endpoint: Endpoint) -> None:
    if endpoint.disabled_at is not None:
        raise WebhookDisabled(webhook=str(endpoint.id), why=endpoint.disabled_why)
