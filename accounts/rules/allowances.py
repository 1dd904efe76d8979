"""What a client may still order today while its steps are judged, one after the other."""

import math
from collections.abc import Mapping
from datetime import datetime

from accounts.errors import DailyLimitExceeded
from accounts.rules.steps import Allowance, Hold, Move


class Allowances:
    """Remembers what steps spend, by currency; a currency without an allowance is without limit."""

    def __init__(self, states: Mapping[str, Allowance], at: datetime) -> None:
        self._states, self._at = states, at
        self._spent: dict[str, int] = {}

    def refused(self, step: Move | Hold) -> DailyLimitExceeded | None:
        """Return why the step is more than the client may order today."""
        currency, amount = step.amount.currency, step.amount.amount_minor
        state = self._states.get(currency) if step.spends else None
        if state is None:
            return None
        left = state.limit_minor - state.spent_minor - self._spent.get(currency, 0)
        if amount <= left:
            return None
        wait_s = math.ceil((state.ends_at - self._at).total_seconds())
        return DailyLimitExceeded(
            currency=currency, limit_minor=state.limit_minor, left_minor=left, amount_minor=amount, wait_s=max(wait_s, 1)
        )

    def take(self, step: Move | Hold) -> None:
        """Count a step that was done."""
        if step.spends and step.amount.currency in self._states:
            self._spent[step.amount.currency] = self._spent.get(step.amount.currency, 0) + step.amount.amount_minor

    def save(self) -> dict[str, int]:
        """Return what was spent, for `restore`."""
        return dict(self._spent)

    def restore(self, saved: dict[str, int]) -> None:
        """Go back to what was saved."""
        self._spent = saved

    def rows(self) -> list[tuple[int, int]]:
        """Return what to add to which row."""
        return [(self._states[currency].id, amount) for currency, amount in sorted(self._spent.items())]
