"""The only module that writes transfers and their events, each change in one statement with its story."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from access import meters
from access.sets import Insert, Update, execute
from transfers.entry import Entry
from transfers.models import Transfer, TransferEvent

FIELDS = Entry.__struct_fields__
_MAY_BE_EMPTY = frozenset(column.attname for column in Transfer._meta.concrete_fields if column.null or column.has_db_default())
_EVENT = ("transfer_id", "type", "at", "reason")


def inserts(entries: Sequence[Entry], *, now: datetime) -> list[Insert]:
    """Return the writes of new transfers and the first event of each, to be sent with the ledger's own.

    Columns that none of them has a value for are left to the database. They count as transfers once the caller's transaction commits.
    """
    _count(entries)
    columns = zip(FIELDS, zip(*map(msgspec.structs.astuple, entries), strict=True), strict=True) if entries else ()
    filled = {name: values for name, values in columns if name not in _MAY_BE_EMPTY or any(values)}
    return [
        Insert(model=Transfer, fields=tuple(filled), rows=list(zip(*filled.values(), strict=True))),
        Insert(model=TransferEvent, fields=_EVENT, rows=[(entry.id, entry.status, now, entry.reason) for entry in entries]),
    ]


def change(
    entries: Sequence[Entry], *, was: str, fields: Sequence[str], event: str | None = None, now: datetime, announce: Sequence[Insert] = ()
) -> None:
    """Write the named fields of transfers that still have the status `was`, and the event; raises StaleRows when one has moved on.

    The event is the new status unless named.
    """
    if event is None:
        _count(entries)
    execute(
        Update(
            model=Transfer,
            sets=fields,
            rows=[(entry.id, *[getattr(entry, name) for name in fields]) for entry in entries],
            guard={"status": was},
        ),
        Insert(model=TransferEvent, fields=_EVENT, rows=[(entry.id, event or entry.status, now, entry.reason) for entry in entries]),
        *announce,
    )


def lock(ids: Collection[UUID], *, status: str | None = None) -> dict[UUID, Entry]:
    """Lock the transfers, ascending by id, and return those there are (with that status) as they are under the lock."""
    rows = Transfer.objects.filter(id__any=sorted(ids))
    if status is not None:
        rows = rows.filter(status=status)
    return entries_of(rows.order_by("id").select_for_update(no_key=True).values_list(*FIELDS))


def awaiting_beyond(*, now: datetime, limit: int) -> dict[UUID, UUID]:
    """Return the oldest transfers that wait for approval beyond their deadline, by approval; unlocked, approvals are locked first."""
    rows = Transfer.objects.filter(status__word="awaiting-approval", expires_at__lte=now).order_by("expires_at", "id")
    return {approval: transfer for approval, transfer in rows.values_list("approval", "id")[:limit] if approval is not None}


def lock_pending_to(*, bank: str, limit: int) -> dict[UUID, Entry]:
    """Lock the first pending transfers to a bank."""
    rows = Transfer.objects.filter(status__word="pending", destination_bank=bank).order_by("id")
    return entries_of(rows.select_for_update(no_key=True).values_list(*FIELDS)[:limit])


def _count(entries: Sequence[Entry]) -> None:
    """Count the states that transfers reach in this transaction."""
    reached = Counter((entry.kind, entry.status) for entry in entries)

    def count() -> None:
        for (kind, outcome), number in reached.items():
            meters.TRANSFERS.labels(kind, outcome).inc(number)

    meters.once_committed(count)


def entries_of(rows: Iterable[Sequence[object]]) -> dict[UUID, Entry]:
    """Return rows of FIELDS as entries by id."""
    made = (Entry(**dict(zip(FIELDS, row, strict=True))) for row in rows)  # type: ignore[arg-type]  # FIELDS are the names
    return {entry.id: entry for entry in made}
