"""A statement as somebody looks through it: some days, one direction, a name or an amount."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from access.models import User
from accounts.money import format_minor
from accounts.selectors.statements import StatementLine, place_at, statement

_CHUNK = 500
_LOOK_AT = 5_000  # lines of which one page looks through at most: the next page goes on behind them
_INSTANT = timedelta(microseconds=1)  # the finest that either database keeps


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which lines: booked from `since` to before `until`, `direction` "in" or "out", `text` in name, number or amount; empty means any."""

    since: datetime | None = None
    until: datetime | None = None
    direction: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class FilteredPage:
    """Lines, newest first; `older_before` is the place below which to go on, None at the end."""

    lines: list[StatementLine]
    older_before: int | None


def filtered_statement(*, number: str, wanted: Wanted, before_seq: int | None = None, limit: int = 50, reach: User) -> FilteredPage:
    """Return a page of the wanted lines from below the place `before_seq`.

    Days are found by halving. For direction and text a page looks through a bounded number of lines, so it may be short and still go on.
    Raises AccountUnknown, also where it is out of reach.
    """
    floor = place_at(number=number, at=wanted.since - _INSTANT) if wanted.since else 0
    below = before_seq
    if wanted.until:
        first_after = place_at(number=number, at=wanted.until - _INSTANT) + 1
        below = min(below, first_after) if below else first_after
    fits, is_plain = _judge(wanted), not (wanted.direction or wanted.text)
    found: list[StatementLine] = []
    for _ in range(0, _LOOK_AT, _CHUNK):
        step = limit + 1 if is_plain else _CHUNK
        lines = [line for line in statement(number=number, before_seq=below, limit=step, reach=reach) if line.seq > floor]
        found += filter(fits, lines)
        if len(found) > limit:
            return FilteredPage(lines=found[:limit], older_before=found[limit - 1].seq)
        if len(lines) < step:
            return FilteredPage(lines=found, older_before=None)
        below = lines[-1].seq
    return FilteredPage(lines=found, older_before=below)


def _judge(wanted: Wanted) -> Callable[[StatementLine], bool]:
    """Return whether a line has the direction and the text."""
    text = wanted.text.strip().casefold()
    compact = text.replace(" ", "").replace(",", ".")

    def fits(line: StatementLine) -> bool:
        if wanted.direction and (line.amount_minor > 0) != (wanted.direction == "in"):
            return False
        amount = format_minor(abs(line.amount_minor), line.currency)
        return not text or text in line.counterparty_name.casefold() or compact in line.counterparty.casefold() or compact == amount

    return fits
