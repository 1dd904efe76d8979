"""The ledger's rules, pure: steps and accounts in; outcomes and new balances out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from accounts.rules.allowances import Allowances
from accounts.rules.book import Book
from accounts.rules.decision import Decision, HoldRow, PostingRow
from accounts.rules.steps import AccountState, Allowance, Hold, HoldState, Move, Outcome, Posted, Release, Step

__all__ = [
    "AccountState",
    "Allowance",
    "Decision",
    "Hold",
    "HoldRow",
    "HoldState",
    "Move",
    "Outcome",
    "Posted",
    "PostingRow",
    "Release",
    "Step",
    "decide",
]
_NONE: Mapping[str, Allowance] = {}


def decide(
    *,
    accounts: Mapping[str, AccountState],
    holds: Mapping[UUID, HoldState],
    steps: Sequence[Step],
    at: datetime,
    allowances: Mapping[str, Allowance] = _NONE,
) -> Decision:
    """Judge the steps in order, each on what the ones before it left; a refused step or group leaves no trace.

    Every step of a refused group has the refusal of the first of them that failed. `at` is the time of booking.
    `allowances` are what the client who orders may still order, by currency.
    """
    book = Book(accounts, holds, at, Allowances(allowances, at))
    outcomes: list[Outcome] = []
    place = 0
    while place < len(steps):
        end = _end_of_group(steps, place)
        if end == place + 1:
            outcomes.append(book.take(steps[place]))
        else:
            outcomes += book.take_together(steps[place:end])
        place = end
    return book.decision(outcomes)


def _end_of_group(steps: Sequence[Step], place: int) -> int:
    """Return the place after the last step that stands or falls with this one."""
    group, end = steps[place].group, place + 1
    while group is not None and end < len(steps) and steps[end].group == group:
        end += 1
    return end
