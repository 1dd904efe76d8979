"""The desk of one member of staff: what waits, what was done today, and how the day goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

import access.selectors
import transfers.selectors
from access.models import User
from access.permissions import VIEW_APPROVALS
from access.selectors import WaitingApproval
from accounts.selectors.tills import TillRow, open_tills
from banksite import selectors
from banksite.selectors import Sign, TransferLine
from transfers.permissions import RUN_TILL, VIEW

_VIEW_MESSAGES = "messaging.view_message"
_WAITING = 50
_HOURS = 24
COUNT_AT_MOST = 1_000  # transfers that are counted in an hour: a desk wants the day's shape, the journal has its numbers


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One hour of the day's chart: its transfers, and where its bar stands in a drawing of 24 columns of 20 and a height of 100."""

    hour: int
    count: int
    x: int
    y: int
    height: int
    is_cut: bool


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the first page shows to who sits there."""

    waiting: list[WaitingApproval]
    asked: list[WaitingApproval]
    tills: list[TillRow]
    runs_till: bool
    lines: list[TransferLine]
    are_mine: bool
    bars: list[Bar]
    highest: int
    signs: list[Sign]

    @property
    def total(self) -> int:
        """Return how many transfers the chart shows."""
        return sum(bar.count for bar in self.bars)


def desk(*, by: User, enters: bool, now: datetime) -> Desk:
    """Return the desk of a user; `enters` says whether to show what they entered themselves or the bank's latest transfers."""
    questions = access.selectors.waiting(by=by, limit=_WAITING)
    may_see = by.has_perm(VIEW)
    lines = selectors.latest_transfers(asked_by=by if enters else None, since=_midnight(now) if enters else None) if may_see else []
    counts = transfers.selectors.counts_between(moments=_hours(now), at_most=COUNT_AT_MOST) if may_see else []
    return Desk(
        waiting=[question for question in questions if question.asked_by_id != by.pk] if by.has_perm(VIEW_APPROVALS) else [],
        asked=[question for question in questions if question.asked_by_id == by.pk],
        tills=open_tills(teller=by) if by.has_perm(RUN_TILL) else [],
        runs_till=by.has_perm(RUN_TILL),
        lines=lines,
        are_mine=enters,
        bars=_bars(counts),
        highest=max(counts, default=0),
        signs=selectors.signs(now=now) if by.has_perm(_VIEW_MESSAGES) else [],
    )


def _midnight(now: datetime) -> datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def _hours(now: datetime) -> list[datetime]:
    """Return the 25 moments that bound today's hours; on a day when clocks change they follow each other all the same."""
    midnight = _midnight(now)
    return [midnight + timedelta(hours=hour) for hour in range(_HOURS + 1)]


def _bars(counts: Sequence[int]) -> list[Bar]:
    """Return the chart's bars, the highest of which fills the height."""
    highest = max(counts, default=0)
    heights = [max(1 if count else 0, round(100 * count / highest)) if highest else 0 for count in counts]
    return [
        Bar(hour=hour, count=count, x=hour * 20, y=100 - height, height=height, is_cut=count >= COUNT_AT_MOST)
        for hour, (count, height) in enumerate(zip(counts, heights, strict=True))
    ]
