"""Holding the books: balances against postings, and every transfer against the postings, hold and message that its status means."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef

from access.site import this_bank
from accounts import books, numbers
from accounts.books import Difference
from accounts.models import Hold, Posting
from messaging.models import Message
from transfers import rules
from transfers.entry import Entry
from transfers.events import CANCEL_REQUESTED, REQUESTED, TOTALLED
from transfers.models import ReconciliationQuestion, Transfer
from transfers.storage import FIELDS, entries_of

CHUNK = 5_000
_ASKING = (REQUESTED, CANCEL_REQUESTED, TOTALLED)  # the requests this app sends
_BOOKED = {"completed", "pending", "credited", "rejected", "cancelled"}
Leg = tuple[str, str, int]  # debited number, credited number, amount in minor units


def differences(*, progress: Callable[[int], None]) -> Iterator[Difference]:
    """Yield everything that does not fit, all of it read in one snapshot; `progress` is told how many transfers were read."""
    with _snapshot():
        yield from books.recompute()
        yield from _postings_without_transfer()
        yield from _wrong_open_items()
        last: UUID | None = None
        done = 0
        while chunk := _chunk(after=last):
            yield from _of_chunk(chunk)
            last, done = next(reversed(chunk)), done + len(chunk)
            progress(done)


def expected_legs(entry: Entry) -> dict[str, Leg]:
    """Return the postings a transfer's status means, by leg, refunds as they go when the account still takes them."""
    booked = entry.status in _BOOKED and not (entry.kind == "incoming" and entry.status == rules.REJECTED)
    moves = rules.booking(entry, group=None) if booked else []
    if entry.kind == "outgoing" and entry.status in {rules.REJECTED, rules.CANCELLED}:
        moves = [*moves, *rules.refund(entry)]
    return {move.leg: (move.debit, move.credit, move.amount.amount_minor) for move in moves}


@contextmanager
def _snapshot() -> Iterator[None]:
    """Read within one moment: REPEATABLE READ on PostgreSQL; on SQLite a transaction keeps others from writing meanwhile.

    Raises RuntimeError within a transaction, which would show what others commit meanwhile.
    """
    with transaction.atomic(durable=True):
        if connection.vendor == "postgresql" and not connection.savepoint_ids:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _of_chunk(chunk: Mapping[UUID, Entry]) -> Iterator[Difference]:
    legs, holds, open_messages = _legs(chunk), _holds(chunk), _open_messages(chunk)
    for entry in chunk.values():
        yield from _wrong_legs(entry, legs[entry.id])
        yield from _wrong_hold(entry, holds.get(entry.hold))
        if entry.status == rules.PENDING and entry.message not in open_messages:
            yield Difference(check="message", subject=str(entry.id), expected="one that asks for the pending transfer", found="none")


def _wrong_legs(entry: Entry, found: Mapping[str, Leg]) -> Iterator[Difference]:
    """Yield the postings that a transfer has too few, too many or otherwise."""
    expected = expected_legs(entry)
    for leg in sorted(expected.keys() | found.keys()):
        wanted, there = expected.get(leg), found.get(leg)
        fell_back = wanted is not None and leg in {rules.REFUND, rules.REFUND_FEE} and there == _to_suspense(wanted, entry)
        if wanted != there and not fell_back:
            check = f"posting {leg} of a {entry.status} {entry.kind}"
            yield Difference(check=check, subject=str(entry.id), expected=_shown(wanted), found=_shown(there))


def _to_suspense(leg: Leg, entry: Entry) -> Leg:
    return leg[0], numbers.suspense(entry.currency), leg[2]


def _shown(leg: Leg | None) -> str:
    return f"{leg[2]} from {leg[0]} to {leg[1]}" if leg else "none"


def _wrong_hold(entry: Entry, found: tuple[int, str] | None) -> Iterator[Difference]:
    """Yield the hold that is not what a waiting transfer needs: placed, for amount and fee."""
    needed = (entry.amount_minor + entry.fee_minor, Hold.Status.PLACED.value)
    if entry.status == rules.AWAITING and not numbers.is_internal(entry.debtor_number) and found != needed:
        yield Difference(check="hold of a transfer that waits", subject=str(entry.id), expected=str(needed), found=str(found))


def _postings_without_transfer() -> Iterator[Difference]:
    """Yield postings nobody ordered; the head bank settles on the accounts of banks, which it checks itself."""
    rows = Posting.objects.filter(~Exists(Transfer.objects.filter(id=OuterRef("transfer_id")))).order_by("id")
    if this_bank().is_head_bank:
        rows = rows.exclude(debit_account__kind="settlement", credit_account__kind="settlement")
    for posting_id, transfer_id in rows.values_list("id", "transfer_id").iterator():
        yield Difference(check="transfer of a posting", subject=str(posting_id), expected=str(transfer_id), found="none")


def _wrong_open_items() -> Iterator[Difference]:
    """Yield the requests that wait for more or fewer answers than they have to: one would be repeated for ever.

    A request for transfers waits with each that is pending, a question about totals for its one answer.
    """
    pending = Transfer.objects.filter(status=rules.PENDING).values("message").annotate(items=Count("id")).order_by("message")
    waiting = dict(pending.values_list("message", "items"))
    waiting |= dict.fromkeys(ReconciliationQuestion.objects.filter(answered_at__isnull=True).values_list("id", flat=True), 1)
    requests = Message.objects.filter(is_request=True, finished_at__isnull=True, type__in=_ASKING).order_by("id")
    for message, open_items in requests.values_list("id", "open_items").iterator():
        if open_items != waiting.get(message, 0):
            yield Difference(check="open items", subject=str(message), expected=str(waiting.get(message, 0)), found=str(open_items))


def _chunk(*, after: UUID | None) -> dict[UUID, Entry]:
    rows = Transfer.objects.order_by("id") if after is None else Transfer.objects.filter(id__gt=after).order_by("id")
    return entries_of(rows.values_list(*FIELDS)[:CHUNK])


def _legs(chunk: Mapping[UUID, Entry]) -> dict[UUID, dict[str, Leg]]:
    legs: dict[UUID, dict[str, Leg]] = defaultdict(dict)
    rows = Posting.objects.filter(transfer_id__any=list(chunk)).values_list(
        "transfer_id", "leg", "debit_account__number", "credit_account__number", "amount_minor"
    )
    for transfer_id, leg, debit, credit, amount_minor in rows:
        legs[transfer_id][leg] = (debit, credit, amount_minor)
    return legs


def _holds(chunk: Mapping[UUID, Entry]) -> dict[UUID | None, tuple[int, str]]:
    ids = [entry.hold for entry in chunk.values() if entry.hold]
    rows = Hold.objects.filter(id__any=ids).values_list("id", "amount_minor", "status")
    return {hold_id: (amount_minor, status) for hold_id, amount_minor, status in rows}


def _open_messages(chunk: Mapping[UUID, Entry]) -> set[UUID]:
    ids = {entry.message for entry in chunk.values() if entry.message and entry.status == rules.PENDING}
    return set(Message.objects.filter(id__any=list(ids), finished_at__isnull=True).values_list("id", flat=True))
