"""A statement as somebody looks through it: some days, one direction, a name or an amount."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from access.models import User
from accounts.money import format_minor
from accounts.selectors import place_at, statement
from transfers.selectors.days import midnight
from transfers.statements.lines import Line, told

_CHUNK = 500
_LOOK_AT = 5_000  # lines of which one page looks through at most: the next page goes on behind them
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)  # the finest that either database keeps


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which lines: of the bank's days from `since` to `until`, `direction` "in" or "out"; empty means any.

    `text` is part of a name, number or reference, or a whole amount.
    """

    since: date | None = None
    until: date | None = None
    direction: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class FilteredPage:
    """Lines, newest first; `older_before` is the place below which to go on, None at the end."""

    lines: list[Line]
    older_before: int | None


def filtered_statement(*, number: str, wanted: Wanted, before_seq: int | None = None, limit: int = 50, reach: User) -> FilteredPage:
    """Return a page of the wanted lines from below the place `before_seq`.

    Days are found by halving. For direction and text a page looks through a bounded number of lines, so it may be short and still go on.
    Raises AccountUnknown, also where it is out of reach.
    """
    floor = place_at(number=number, at=midnight(wanted.since) - _INSTANT) if wanted.since else 0
    below = before_seq
    if wanted.until:
        first_after = place_at(number=number, at=midnight(wanted.until + _DAY) - _INSTANT) + 1
        below = min(below, first_after) if below else first_after
    fits, is_plain = _judge(wanted), not (wanted.direction or wanted.text)
    found: list[Line] = []
    for _ in range(0, _LOOK_AT, _CHUNK):
        step = limit + 1 if is_plain else _CHUNK
        lines = told([line for line in statement(number=number, before_seq=below, limit=step, reach=reach) if line.seq > floor])
        found += filter(fits, lines)
        if len(found) > limit:
            return FilteredPage(lines=found[:limit], older_before=found[limit - 1].seq)
        if len(lines) < step:
            return FilteredPage(lines=found, older_before=None)
        below = lines[-1].seq
    return FilteredPage(lines=found, older_before=below)


def _judge(wanted: Wanted) -> Callable[[Line], bool]:
    """Return whether a line has the direction and the text."""
    text = wanted.text.strip().casefold()
    compact = text.replace(" ", "").replace(",", ".")

    def fits(line: Line) -> bool:
        if wanted.direction and (line.amount_minor > 0) != (wanted.direction == "in"):
            return False
        amount = format_minor(abs(line.amount_minor), line.currency)
        words = (line.party.casefold(), line.reference.casefold())
        return not text or any(text in each for each in words) or compact in line.party_number.casefold() or compact == amount

    return fits
