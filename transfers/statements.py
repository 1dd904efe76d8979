"""A statement as its holder reads it: what was booked, with the words and the names of the transfers behind it."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID

import msgspec
from django.utils import timezone

from access.models import User
from accounts import selectors
from accounts.errors import PeriodInvalid
from accounts.selectors import AccountRow, StatementLine
from transfers.models import Transfer

MOST_LINES = 2_000  # on some fifty pages
_LONGEST = timedelta(days=3_660)
_DEBTOR = ("debtor_number", "debtor_name")
_CREDITOR = ("creditor_number", "creditor_name")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was booked: who is at its other end and what it was for; the amount is negative when money left."""

    booked_at: datetime
    kind: str
    leg: str
    party: str
    party_number: str
    reference: str
    amount_minor: int
    balance_after_minor: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What happened on an account from its first day to its last, days of the bank; oldest first."""

    account: AccountRow
    first: date
    last: date
    opening_minor: int
    closing_minor: int
    lines: list[Line]


def statement_of(*, number: str, first: date, last: date, today: date, reach: User) -> Statement:
    """Return the statement of some days of the bank, in five queries however long the history is.

    Raises PeriodInvalid, AccountUnknown (also where it is out of reach), AccountInternal, StatementTooLong.
    """
    if not first <= last or first > today or last - first > _LONGEST:
        raise PeriodInvalid(first=first.isoformat(), last=last.isoformat())
    begin, end = _midnight(first), _midnight(min(last, today) + timedelta(days=1))
    period = selectors.statement_between(number=number, begin=begin, end=end, most=MOST_LINES, reach=reach)
    transfers = _transfers(ids={line.transfer_id for line in period.lines})
    return Statement(
        account=period.account,
        first=first,
        last=last,
        opening_minor=period.opening_minor,
        closing_minor=period.closing_minor,
        lines=[_line(line, transfers.get(line.transfer_id)) for line in period.lines],
    )


def _midnight(day: date) -> datetime:
    """Return when a day of the bank begins."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


def _transfers(*, ids: Collection[UUID]) -> Mapping[UUID, Mapping[str, str]]:
    rows = Transfer.objects.filter(id__any=list(ids)).order_by("id").values("id", "kind", "reference", *_DEBTOR, *_CREDITOR)
    return {row["id"]: row for row in rows} if ids else {}


def _line(line: StatementLine, transfer: Mapping[str, str] | None) -> Line:
    """Return a posting in its transfer's words; one without a transfer, the ledger's own."""
    number, name = (transfer[column] for column in _far_side(line)) if transfer else (line.counterparty, line.counterparty_name)
    return Line(
        booked_at=line.booked_at,
        kind=transfer["kind"] if transfer else "",
        leg=line.leg,
        party=name or number,
        party_number=number if name else "",
        reference=transfer["reference"] if transfer else "",
        amount_minor=line.amount_minor,
        balance_after_minor=line.balance_after_minor,
    )


def _far_side(line: StatementLine) -> tuple[str, str]:
    """Return the columns of who is at the other end: a refund comes from whom the money had gone to."""
    left = line.amount_minor < 0
    return _CREDITOR if left or line.leg.startswith("refund") else _DEBTOR
