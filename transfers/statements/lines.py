"""The lines of statements: postings as their account's holder reads them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from accounts.selectors import StatementLine
from transfers.models import Transfer

EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)  # days a statement can be asked for: calendars end, too
_DEBTOR = ("debtor_number", "debtor_name")
_CREDITOR = ("creditor_number", "creditor_name")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was booked: who is at its other end and what it was for; the amount is negative when money left."""

    seq: int
    transfer_id: UUID
    booked_at: datetime
    kind: str
    leg: str
    party: str
    party_number: str
    reference: str
    amount_minor: int
    balance_after_minor: int
    currency: str


def told(lines: Sequence[StatementLine]) -> list[Line]:
    """Return postings in the words of their transfers, in one query; one without a transfer, the ledger's own, in the ledger's."""
    transfers = _transfers(ids={line.transfer_id for line in lines})
    return [_line(line, transfers.get(line.transfer_id)) for line in lines]


def _transfers(*, ids: Collection[UUID]) -> Mapping[UUID, Mapping[str, str]]:
    rows = Transfer.objects.filter(id__any=list(ids)).order_by("id").values("id", "kind", "reference", *_DEBTOR, *_CREDITOR)
    return {row["id"]: row for row in rows} if ids else {}


def _line(line: StatementLine, transfer: Mapping[str, str] | None) -> Line:
    number, name = (transfer[column] for column in _far_side(line)) if transfer else (line.counterparty, line.counterparty_name)
    return Line(
        seq=line.seq,
        transfer_id=line.transfer_id,
        booked_at=line.booked_at,
        kind=transfer["kind"] if transfer else "",
        leg=line.leg,
        party=name,
        party_number=number,
        reference=transfer["reference"] if transfer else "",
        amount_minor=line.amount_minor,
        balance_after_minor=line.balance_after_minor,
        currency=line.currency,
    )


def _far_side(line: StatementLine) -> tuple[str, str]:
    """Return the columns of who is at the other end: a refund comes from whom the money had gone to."""
    left = line.amount_minor < 0
    return _CREDITOR if left or line.leg.startswith("refund") else _DEBTOR
