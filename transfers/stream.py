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
from access.rest.pages import cursor_of
from accounts.selectors.reach import reach_of
from messaging.errors import EventStreamRestarted
from messaging.selectors import open_recovery_since
from transfers import rules
from transfers.models import STATES, StreamRestart, TransferEvent

SCANNED = 1_000
TYPES = frozenset({rules.CANCEL_ASKED, *(status for statuses in STATES.values() for status in statuses)})
_SHIFT = "COALESCE((SELECT shift FROM transfers_streamrestart ORDER BY id DESC LIMIT 1), 0)"
_FIRST_OPEN = f"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + {_SHIFT}"
_DATABASE = (
    "SELECT system_identifier || '/' || "
    "CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END FROM pg_control_system()"
)


_Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]  # what a bigint holds: a cursor may say anything


class Place(NamedTuple):
    """Where an event stands: by the transaction that wrote it, then by its id; both go on from far beyond after each StreamRestart."""

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
    """Return the next events of transfers from or to accounts the user acts for; at most `limit`, from at most 1,000 looked at.

    Raises EventStreamRestarted where the event at `after` is not there: the database was restored, and forgot it.
    """
    numbers = reach_of(user=by)
    events = _read(_from(after), limit=1 + (limit if numbers is None else SCANNED))
    if after not in {None, BEGINNING}:
        if not events or events[0][0] != after:
            raise _restarted(after)
        events = events[1:]
    found: list[Streamed] = []
    last = after
    for place, event in events:
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
    return _read(_behind(after), limit=limit)


def require_known(place: Place) -> None:
    """Raise EventStreamRestarted where no event stands at the place: a restored database forgot it."""
    if place != BEGINNING and not _behind(None).filter(xid=place.xid, id=place.id).exists():
        raise _restarted(place)


def concerns(event: Streamed, numbers: Collection[str] | None) -> bool:
    """Return whether an event is about one of the accounts; None is all of them."""
    return numbers is None or event.debtor in numbers or event.creditor in numbers


def end() -> Place:
    """Return the place of the last event that can be read now."""
    last = _behind(None).order_by("-xid", "-id").values_list("xid", "id").first()
    return Place(*last) if last else BEGINNING


def first_id() -> int:
    """Return the first id since the stream was last restarted, 0 where it never was: numbers made from it are never given twice."""
    return StreamRestart.objects.order_by("-id").values_list("first", flat=True).first() or 0


def database() -> str:
    """Return which PostgreSQL this is and on which timeline; another one may have forgotten what it told. Empty on SQLite."""
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute(_DATABASE)
        (found,) = cursor.fetchone()
    return str(found)


def needs_restart() -> bool:
    """Return whether the database was restored or failed over, or a recovery began, since the stream last went on beyond every id."""
    latest = StreamRestart.objects.order_by("-id").first()
    if latest is not None and latest.database != database():
        return True
    recovery = open_recovery_since()
    return recovery is not None and not StreamRestart.objects.filter(first__gt=0, at__gte=recovery).exists()


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


def _from(place: Place | None) -> QuerySet[TransferEvent]:
    """Return the event at a place and those behind it."""
    return _behind(place and Place(place.xid, place.id - 1))


def _read(events: QuerySet[TransferEvent], *, limit: int) -> list[tuple[Place, Streamed]]:
    rows = events.order_by("xid", "id").values_list("xid", *_COLUMNS)[:limit]
    streamed = ((xid, Streamed(**dict(zip(_FIELDS, values, strict=True)))) for xid, *values in rows)
    return [(Place(xid, event.id), event) for xid, event in streamed]


def _restarted(place: Place) -> EventStreamRestarted:
    """Return the refusal of a place that is not there, with the last place before it that is."""
    before = _behind(None).filter(Q(xid__lt=place.xid) | Q(xid=place.xid, id__lt=place.id), xid__lte=place.xid)
    last = before.order_by("-xid", "-id").values_list("xid", "id").first()
    return EventStreamRestarted(next=cursor_of(Place(*last)) if last else None)
