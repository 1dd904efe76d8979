"""What is shown of webhooks: to a program its own, to staff everybody's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.db.models import Q
from msgspec import Meta

from access.models import User
from accounts.selectors.moments import Moment
from messaging.models import Lease
from transfers import stream
from transfers.stream import Place
from webhooks.errors import DeliveryUnknown, WebhookUnknown
from webhooks.models import Delivery, Endpoint

LEASE = "webhooks"


class EndpointRow(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook. `events` empty means all; after `failures` in a row nothing is sent before `next_at`."""

    id: UUID
    owner: Annotated[str, Meta(examples=["erp"])]
    url: Annotated[str, Meta(examples=["https://erp.example/bank-events"])]
    events: Sequence[str]
    status: Annotated[str, Meta(examples=["active"])]
    failures: int
    failing_since: Moment | None
    next_at: Moment
    previous_secret_until: Moment | None
    created_at: Moment
    disabled_at: Moment | None
    disabled_why: str


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery and how it went; `id` is what its receiver knows as webhook-id, `event` the event's id in `events`, null for a test.

    `answer_status` is the receiver's last HTTP status, null where it gave none, and `answer` the beginning of what it said.
    """

    id: UUID
    webhook: UUID
    sequence: int
    type: Annotated[str, Meta(examples=["transfer.completed"])]
    event: int | None
    status: Annotated[str, Meta(examples=["delivered"])]
    attempts: int
    created_at: Moment
    next_at: Moment | None
    attempted_at: Moment | None
    finished_at: Moment | None
    answer_status: int | None
    answer: str


def find_endpoints(*, by: User, after: UUID | None = None, limit: int = 50) -> list[EndpointRow]:
    """Return webhooks, oldest first, from behind the one named."""
    rows = Endpoint.objects.filter(_within(by, "owner")).select_related("owner").order_by("id")
    return [_endpoint(row) for row in (rows.filter(id__gt=after) if after else rows)[:limit]]


def endpoint_by_id(*, endpoint_id: UUID, by: User) -> EndpointRow:
    """Return a webhook; raises WebhookUnknown, also for one of others."""
    found = Endpoint.objects.filter(_within(by, "owner"), id=endpoint_id).select_related("owner").first()
    if found is None:
        raise WebhookUnknown(webhook=str(endpoint_id))
    return _endpoint(found)


def find_deliveries(*, endpoint_id: UUID, by: User, status: str = "", before: int | None = None, limit: int = 50) -> list[DeliveryRow]:
    """Return deliveries to a webhook, newest first, from below the sequence `before`; raises WebhookUnknown."""
    if not Endpoint.objects.filter(_within(by, "owner"), id=endpoint_id).exists():
        raise WebhookUnknown(webhook=str(endpoint_id))
    narrowed: dict[str, Any] = {"status": status, "sequence__lt": before}
    rows = Delivery.objects.filter(endpoint_id=endpoint_id, **{name: value for name, value in narrowed.items() if value})
    return [_delivery(row) for row in rows.order_by("-sequence").defer("body")[:limit]]


def delivery_by_id(*, delivery_id: UUID, by: User) -> DeliveryRow:
    """Return a delivery; raises DeliveryUnknown, also for one of others."""
    found = Delivery.objects.filter(_within(by, "endpoint__owner"), id=delivery_id).defer("body").first()
    if found is None:
        raise DeliveryUnknown(delivery=str(delivery_id))
    return _delivery(found)


def oldest_due(*, now: datetime) -> datetime | None:
    """Return since when the longest waiting delivery to an endpoint that takes deliveries is due."""
    waiting = Delivery.objects.filter(finished_at__isnull=True, next_at__lte=now, endpoint__disabled_at__isnull=True, endpoint__failures=0)
    return waiting.order_by("next_at").values_list("next_at", flat=True).first()


def oldest_unqueued() -> datetime | None:
    """Return when the oldest event happened that is not queued yet for an endpoint which may want it."""
    places = Endpoint.objects.filter(disabled_at__isnull=True).order_by("place_xid", "place_id").values_list("place_xid", "place_id")
    least = places.first()
    events = stream.read_on(after=Place(*least), limit=1) if least else []
    return events[0][1].at if events else None


def failing_count() -> int:
    """Return how many endpoints take nothing now."""
    return Endpoint.objects.filter(disabled_at__isnull=True, failures__gt=0).count()


def is_any_active() -> bool:
    """Return whether anybody wants events delivered."""
    return Endpoint.objects.filter(disabled_at__isnull=True).exists()


def deliverer_is_active(*, now: datetime) -> bool:
    """Return whether somebody delivers."""
    return Lease.objects.filter(name=LEASE, until__gt=now).exists()


def _within(by: User, owner: str) -> Q:
    """Return the condition for what the user may reach: a program its own, staff everything."""
    return Q() if by.is_staff else Q(**{owner: by})


def _endpoint(row: Endpoint) -> EndpointRow:
    return EndpointRow(
        id=row.id,
        owner=row.owner.get_username(),
        url=row.url,
        events=row.events,
        status="disabled" if row.disabled_at else "active",
        failures=row.failures,
        failing_since=row.failing_since,
        next_at=row.next_at,
        previous_secret_until=row.previous_until,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        disabled_why=row.disabled_why,
    )


def _delivery(row: Delivery) -> DeliveryRow:
    return DeliveryRow(
        id=row.id,
        webhook=row.endpoint_id,
        sequence=row.sequence,
        type=row.type,
        event=row.event_id,
        status=row.status,
        attempts=row.attempts,
        created_at=row.created_at,
        next_at=None if row.finished_at else row.next_at,
        attempted_at=row.attempted_at,
        finished_at=row.finished_at,
        answer_status=row.answer_status,
        answer=row.answer,
    )
