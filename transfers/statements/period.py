"""A statement of some days, as it is printed."""

from datetime import date, timedelta

import msgspec

from access.models import User
from accounts import selectors
from accounts.errors import PeriodInvalid
from accounts.selectors import AccountRow
from transfers.selectors.days import midnight
from transfers.statements.lines import EARLIEST, LATEST, Line, told

MOST_LINES = 2_000  # on some fifty pages
_LONGEST = timedelta(days=3_660)


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What happened on an account from its first day to its last, days of the bank; oldest first."""

    account: AccountRow
    first: date
    last: date
    opening_minor: int
    closing_minor: int
    lines: list[Line]


def statement_of(*, number: str, first: date, last: date, today: date, reach: User) -> Statement:
    """Return the statement of some days of the bank, in a fixed number of queries however long the history is.

    Raises PeriodInvalid, AccountUnknown (also where it is out of reach), AccountInternal, StatementTooLong.
    """
    if not EARLIEST <= first <= last <= LATEST or first > today or last - first > _LONGEST:
        raise PeriodInvalid(first=first.isoformat(), last=last.isoformat())
    begin, end = midnight(first), midnight(min(last, today) + timedelta(days=1))
    period = selectors.statement_between(number=number, begin=begin, end=end, most=MOST_LINES, reach=reach)
    return Statement(
        account=period.account,
        first=first,
        last=last,
        opening_minor=period.opening_minor,
        closing_minor=period.closing_minor,
        lines=told(period.lines),
    )
