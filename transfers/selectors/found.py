"""What can be read of transfers: decisions by name, one transfer with its story, what still pends."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection
from django.db.models import OuterRef, Q, Subquery

from access.models import User
from accounts.selectors import owed_to_banks
from accounts.selectors.reach import reach_of, within_reach
from messaging.models import Peer
from messaging.selectors import PeerRow
from transfers.entry import Entry
from transfers.errors import TransferUnknown
from transfers.models import Transfer, TransferEvent
from transfers.rules import DebitCap
from transfers.selectors.days import bounds_of, first_id_from
from transfers.storage import FIELDS, entries_of

Name = tuple[str, UUID]
_SHORTEST_NAME = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One line of a transfer's story."""

    type: str
    at: datetime
    reason: str


def decisions(*, names: Collection[Name]) -> dict[Name, Entry]:
    """Return what this bank decided about transfers of other banks, by (origin bank, origin id); those never seen are absent."""
    wanted = set(names)
    rows = Transfer.objects.filter(origin_bank__any={bank for bank, _ in wanted}, origin_id__any=[origin_id for _, origin_id in wanted])
    entries = entries_of(rows.values_list(*FIELDS)).values()
    return {name: entry for entry in entries if (name := (entry.origin_bank, entry.origin_id)) in wanted}


def is_name_conflict(error: IntegrityError) -> bool:
    """Return whether an insert failed because the same name was written by somebody else since it was looked up."""
    cause = error.__cause__
    if connection.vendor == "postgresql":
        return getattr(getattr(cause, "diag", None), "constraint_name", None) == "transfer_name_once"
    return "transfers_transfer.origin_id" in str(cause)


def reversed_among(*, ids: Collection[UUID]) -> set[UUID]:
    """Return those of the transfers that have a reversal which was not refused."""
    rows = Transfer.objects.filter(reverses__in=list(ids)).exclude(status=Transfer.Status.REFUSED)
    return set(rows.values_list("reverses_id", flat=True))


def find(*, transfer_id: UUID) -> Entry | None:
    """Return the transfer with this id, or the one another bank calls so."""
    rows = Transfer.objects.filter(Q(id=transfer_id) | Q(origin_id=transfer_id)).order_by("id")
    return next(iter(entries_of(rows.values_list(*FIELDS)[:1]).values()), None)


def story(*, transfer_id: UUID) -> list[EventRow]:
    """Return the events of a transfer, oldest first."""
    rows = TransferEvent.objects.filter(transfer_id=transfer_id).order_by("id").values("type", "at", "reason")
    return [EventRow(**row) for row in rows]


def transfer_with_story(*, transfer_id: UUID, by: User) -> tuple[Entry, list[EventRow]]:
    """Return a transfer and its events, oldest first; raises TransferUnknown, also for one between accounts the user does not act for."""
    entry = entries_of(Transfer.objects.filter(id=transfer_id).values_list(*FIELDS)).get(transfer_id)
    if entry is None or not within_reach(user=by, numbers=[entry.debtor_number, entry.creditor_number]):
        raise TransferUnknown(transfer=str(transfer_id))
    return entry, story(transfer_id=transfer_id)


def transfers_before(
    *,
    by: User,
    before: UUID | None = None,
    limit: int = 50,
    account: str | None = None,
    kind: str | None = None,
    status: str | None = None,
    end_to_end_id: str | None = None,
    day: date | None = None,
) -> list[Entry]:
    """Return transfers from and to the accounts the user acts for, newest first, from below the id `before`; filters left out are None.

    Debtors and creditors are read as two pages of their own indexes, however long the accounts' histories are.
    """
    narrowed = {"kind__word": kind, "status__word": status, "end_to_end_id": end_to_end_id, "id__lt": before}
    rows = Transfer.objects.filter(**{name: value for name, value in narrowed.items() if value is not None}).order_by("-id")
    if day is not None:
        rows = rows.filter(id__gte=first_id_from(bounds_of(day)[0]), id__lt=first_id_from(bounds_of(day)[1]))
    if account is None:
        numbers = reach_of(user=by)
        if numbers is None:
            return list(entries_of(rows.values_list(*FIELDS)[:limit]).values())
    else:
        numbers = within_reach(user=by, numbers=[account])
    found: dict[UUID, Entry] = {}
    for side in ("debtor_number__in", "creditor_number__in"):
        found |= entries_of(rows.filter(**{side: numbers}).values_list(*FIELDS)[:limit])
    return sorted(found.values(), key=lambda entry: entry.id, reverse=True)[:limit]


def transfers_named(*, text: str, by: User, limit: int = 10) -> list[Entry]:
    """Return the transfers that people call so, newest first, within reach.

    Either their number begins with the text, at least 8 hexadecimal digits, or it is their whole reference or end-to-end id. Each way is
    a page of an index of its own.
    """
    text = text.strip()
    rows = Transfer.objects.order_by("-id")
    ways = [
        rows.filter(**{name: text}).exclude(**{f"{name}__word": ""})
        for name in ("reference", "end_to_end_id")
        if len(text) >= _SHORTEST_NAME and text.isprintable()
    ]
    digits = text.replace("-", "").lower()
    if 8 <= len(digits) <= 32 and not set(digits) - set("0123456789abcdef"):
        ways.append(rows.filter(id__gte=UUID(digits.ljust(32, "0")), id__lte=UUID(digits.ljust(32, "f"))))
    found: dict[UUID, Entry] = {}
    for way in ways:
        found |= entries_of(way.values_list(*FIELDS)[:limit])
    reachable = within_reach(
        user=by, numbers={number for entry in found.values() for number in (entry.debtor_number, entry.creditor_number)}
    )
    newest = sorted(found.values(), key=lambda entry: entry.id, reverse=True)[:limit]
    return [entry for entry in newest if {entry.debtor_number, entry.creditor_number} & reachable]


def as_document(entry: Entry) -> dict[str, Any]:
    """Return a transfer with its story as plain JSON values: what `show_transfer --json` prints."""
    shown = {name: getattr(entry, name) for name in FIELDS if name not in {"content_hash", "asked_by_id"}}
    plain = {
        name: value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
        for name, value in shown.items()
    }
    events = [{"type": event.type, "at": event.at.isoformat(), "reason": event.reason} for event in story(transfer_id=entry.id)]
    return plain | {"events": events}


def pending_to(*, bank: str) -> int:
    """Return how many transfers to a bank are pending."""
    return Transfer.objects.filter(status__word=Transfer.Status.PENDING, destination_bank=bank).count()


def oldest_pending() -> dict[str, datetime | None]:
    """Return for each other bank since when the oldest transfer waits for its decision, None where nothing waits."""
    waiting = Transfer.objects.filter(status__word=Transfer.Status.PENDING, destination_bank=OuterRef("code")).order_by("id")
    rows = Peer.objects.order_by("code").annotate(since=Subquery(waiting.values("created_at")[:1]))
    return dict(rows.values_list("code", "since"))


def pending_count(*, at_most: int) -> int:
    """Return how many transfers are pending, counting no further than asked."""
    return Transfer.objects.filter(status__word=Transfer.Status.PENDING)[:at_most].count()


def count() -> int:
    """Return how many transfers there are: for a command that reads them all anyway."""
    return Transfer.objects.count()


def debit_caps(*, bank: PeerRow | None) -> dict[str, DebitCap]:
    """Return by currency how much this bank, as the directory has it, may owe the others and how much it owes; asks nothing without a cap.

    The debts are read without a lock, so that payments do not wait for each other: together they may go beyond a cap, by no more than
    what is being booked at the moment it is reached.
    """
    if bank is None or not bank.debit_caps:
        return {}
    owed = owed_to_banks(currencies=bank.debit_caps)
    return {currency: DebitCap(currency=currency, cap_minor=cap, owed_minor=owed[currency]) for currency, cap in bank.debit_caps.items()}
