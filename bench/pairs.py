"""Ratios: ours and the limit measured in turn, so that whatever else the machine does befalls both."""

import gc
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass

from access.progress import shown

PAIRS = 7


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What is wanted of a ratio, and of what: `unit` says what `ours` and `limit` are counted in."""

    name: str
    ratio: float
    unit: str
    at_most: bool = False


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """The median of the pairs' ratios, the medians of both sides, and the lowest and highest ratio of a pair."""

    goal: Goal
    ratio: float
    ours: float
    limit: float
    lowest: float
    highest: float

    @property
    def met(self) -> bool:
        """Return whether the goal is reached."""
        return self.ratio <= self.goal.ratio if self.goal.at_most else self.ratio >= self.goal.ratio


def measure(goal: Goal, *, ours: Callable[[], float], limit: Callable[[], float], pairs: int = PAIRS) -> Ratio:
    """Measure both sides once to warm up, then in turn, each pair in the other order than the one before."""
    ours(), limit()
    found: list[tuple[float, float]] = []
    with shown(title=goal.name, total=pairs) as report:
        for number in range(pairs):
            gc.collect()
            if number % 2:
                slower, faster = limit(), ours()
                found.append((faster, slower))
            else:
                found.append((ours(), limit()))
            report(number + 1, f"{_ratios(found)[-1]:.2f}")
    return _summary(goal, found)


def _ratios(found: list[tuple[float, float]]) -> list[float]:
    return [mine / theirs for mine, theirs in found]


def _summary(goal: Goal, found: list[tuple[float, float]]) -> Ratio:
    ratios = _ratios(found)
    summary = Ratio(
        goal=goal,
        ratio=statistics.median(ratios),
        ours=statistics.median(mine for mine, _ in found),
        limit=statistics.median(theirs for _, theirs in found),
        lowest=min(ratios),
        highest=max(ratios),
    )
    sys.stderr.write(f"{goal.name}: {summary.ratio:.2f} ({'met' if summary.met else 'MISSED'})\n")
    return summary
