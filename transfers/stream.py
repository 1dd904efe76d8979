"""The stream of what happens to transfers, in an order in which nothing appears before what was already read."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from msgspec import Meta

from access.models import User
from accounts.selectors.reach import reach_of
from transfers import rules
from transfers.models import STATES, TransferEvent

SCANNED = 1_000
TYPES = frozenset({rules.CANCEL_ASKED, *(status for statuses in STATES.values() for status in statuses)})
_FIRST_OPEN = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_FIRST_UNUSED = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"


_Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]  # what a bigint holds: a cursor may say anything


class Place(NamedTuple):
    """Where an event stands: by the transaction that wrote it, then by its id."""

    xid: _Number
    id: _Number


BEGINNING = Place(0, 0)  # no event stands there: ids begin with 1


class Streamed(msgspec.Struct, frozen=True, kw_only=True):
    """One event: what happened, to which transfer."""

    id: int
    type: str
    at: datetime
    reason: str
    transfer_id: UUID
    kind: str
    debtor: str
    creditor: str
    amount_minor: int
    currency: str


class Stretch(NamedTuple):
    """Events in their order, and the place from which to read on; that moves even when none of them concerned the reader."""

    events: Sequence[Streamed]
    last: Place | None


def events_after(*, by: User, after: Place | None, limit: int) -> Stretch:
    """Return the next events of transfers from or to accounts the user acts for; at most `limit`, from at most 1,000 looked at."""
    numbers = reach_of(user=by)
    found: list[Streamed] = []
    last = after
    for place, event in read_on(after=after, limit=limit if numbers is None else SCANNED):
        if len(found) == limit:
            break
        last = place
        if concerns(event, numbers):
            found.append(event)
    return Stretch(found, last)


def read_on(*, after: Place | None, limit: int) -> list[tuple[Place, Streamed]]:
    """Return the next events of everybody's transfers, each with its place: the caller judges who may see them.

    Only events of transactions older than every open one are there, ordered by transaction: nobody can still commit one in front of
    what was read. SQLite has one writer at a time, which keeps the order by id.
    """
    rows = _behind(after).order_by("xid", "id").values_list("xid", *_COLUMNS)[:limit]
    events = ((xid, Streamed(**dict(zip(_FIELDS, values, strict=True)))) for xid, *values in rows)
    return [(Place(xid, event.id), event) for xid, event in events]


def concerns(event: Streamed, numbers: Collection[str] | None) -> bool:
    """Return whether an event is about one of the accounts; None is all of them."""
    return numbers is None or event.debtor in numbers or event.creditor in numbers


def end() -> Place:
    """Return the place of the last event that can be read now."""
    last = _behind(None).order_by("-xid", "-id").values_list("xid", "id").first()
    return Place(*last) if last else BEGINNING


def is_ahead() -> bool:
    """Return whether an event stands where no transaction of this PostgreSQL has come: it was restored, and its ids went back.

    What is written from then on stands before places that were read already, and nobody who follows the stream sees it.
    """
    if connection.vendor != "postgresql":
        return False
    newest = TransferEvent.objects.order_by("-xid", "-id").annotate(unused=RawSQL(_FIRST_UNUSED, ()))  # noqa: S611  # a constant of ours
    found = newest.values_list("xid", "unused").first()
    return found is not None and found[0] >= found[1]


_FIELDS = Streamed.__struct_fields__
_NAMED = {"debtor": "debtor_number", "creditor": "creditor_number"}
_COLUMNS = [name if name in {"id", "type", "at", "reason", "transfer_id"} else f"transfer__{_NAMED.get(name, name)}" for name in _FIELDS]


def _behind(after: Place | None) -> QuerySet[TransferEvent]:
    """Return the events behind a place that no open transaction can get in front of."""
    events = TransferEvent.objects.all()
    if connection.vendor == "postgresql":
        events = events.filter(xid__lt=RawSQL(_FIRST_OPEN, ()))  # noqa: S611  # a constant of ours
    if after is None:
        return events
    return events.filter(Q(xid__gt=after.xid) | Q(xid=after.xid, id__gt=after.id), xid__gte=after.xid)
