"""The ledger against a model so plain that it cannot be wrong: dictionaries, one step after the other."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from uuid_utils.compat import uuid7

from access.errors import DomainError
from accounts import books, ledger, selectors
from accounts.models import Account, Hold
from accounts.tests.people import ANNA, BRAM, CARLA, CASH, DIRK, FEES, NOBODY, NOON, SUSPENSE, furnish, hold, move, set_status

CUSTOMERS = [ANNA, BRAM, CARLA, DIRK]
ACCOUNTS = [*CUSTOMERS, CASH, FEES, SUSPENSE]
amounts = st.sampled_from(["0.01", "0.50", "1.00", "3.33", "10.00", "40.00"])
groups = st.sampled_from([None, None, "a", "b"])


@dataclass
class Naive:
    """What the accounts and holds should be: one step at a time, a copy of everything for a group."""

    balance: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ACCOUNTS, 0))
    floor: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CUSTOMERS, 0))
    status: dict[str, str] = field(default_factory=lambda: dict.fromkeys(ACCOUNTS, "open"))
    holds: dict[UUID, tuple[str, int, str]] = field(default_factory=dict)
    lines: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: {number: [] for number in ACCOUNTS})

    def available(self, number: str) -> float:
        if number not in self.floor:
            return float("inf")
        return self.balance[number] - self.floor[number] - self.held(number)

    def held(self, number: str) -> int:
        return sum(amount for account, amount, status in self.holds.values() if (account, status) == (number, "placed"))

    def do(self, step: ledger.Step) -> str:
        """Do the step if it can be done; return the name of its outcome."""
        if isinstance(step, ledger.Release):
            if step.hold_id not in self.holds:
                return "HoldUnknown"
            return self._end(step.hold_id, "expired" if step.expired else "released")
        amount = step.amount.amount_minor
        if isinstance(step, ledger.Hold):
            if refusal := self._out(step.account):
                return refusal
            if amount > self.available(step.account):
                return "InsufficientFunds"
            self.holds[step.hold_id] = (step.account, amount, "placed")
            return "Posted"
        return self._move(step, amount)

    def _move(self, step: ledger.Move, amount: int) -> str:  # noqa: C901, PLR0911  # a model is plain: one rule after the other
        credit, fell = step.credit, False
        if step.fallback_credit and self.status.get(credit, "closed") == "closed":
            credit, fell = step.fallback_credit, True
        if step.debit not in self.balance or credit not in self.balance:
            return "AccountUnknown"
        if "closed" in (self.status[step.debit], self.status[credit]):
            return "AccountClosed"
        if self.status[step.debit] == "frozen":
            return "AccountFrozen"
        if step.debit == credit:
            return "SameAccount"
        freed = 0
        if step.releases_hold:
            account, freed, status = self.holds.get(step.releases_hold, ("", 0, ""))
            if account != step.debit:
                return "HoldUnknown"
            if status != "placed":
                return "HoldEnded"
            if amount > freed:
                return "HoldExceeded"
        if amount > self.available(step.debit) + freed:
            return "InsufficientFunds"
        if step.releases_hold:
            self._end(step.releases_hold, "captured")
        for number, change in ((step.debit, -amount), (credit, amount)):
            self.balance[number] += change
            self.lines[number].append((change, self.balance[number]))
        return "Fell back" if fell else "Posted"

    def _out(self, number: str) -> str:
        if number not in self.balance:
            return "AccountUnknown"
        return {"closed": "AccountClosed", "frozen": "AccountFrozen", "open": ""}[self.status[number]]

    def _end(self, hold_id: UUID, status: str) -> str:
        account, amount, now = self.holds[hold_id]
        if now != "placed":
            return "HoldEnded"
        self.holds[hold_id] = (account, amount, status)
        return "Posted"

    def do_all(self, steps: list[ledger.Step]) -> list[str]:
        outcomes: list[str] = []
        while steps:
            group = steps[0].group
            size = 1
            while group is not None and size < len(steps) and steps[size].group == group:
                size += 1
            together, steps = steps[:size], steps[size:]
            outcomes += self._do_group(together)
        return outcomes

    def _do_group(self, steps: list[ledger.Step]) -> list[str]:
        before = (dict(self.balance), dict(self.holds), {number: list(lines) for number, lines in self.lines.items()})
        outcomes = []
        for step in steps:
            outcomes.append(self.do(step))
            if outcomes[-1] not in ("Posted", "Fell back"):
                self.balance, self.holds, self.lines = before
                return [outcomes[-1]] * len(steps)
        return outcomes


class LedgerMachine(RuleBasedStateMachine):
    """Does the same to the ledger and to the model, batch by batch."""

    def __init__(self) -> None:
        super().__init__()
        self.naive = Naive()

    @initialize()
    def open(self) -> None:
        self._savepoint = transaction.atomic()
        self._savepoint.__enter__()
        furnish()

    def teardown(self) -> None:
        if not hasattr(self, "_savepoint"):
            return
        try:
            self._agrees_in_history()
        finally:
            transaction.set_rollback(True)
            self._savepoint.__exit__(None, None, None)

    @rule(data=st.data(), size=st.integers(1, 12))
    def post(self, data: st.DataObject, size: int) -> None:
        steps: list[ledger.Step] = []
        for _ in range(size):
            placed = [*self.naive.holds, *(step.hold_id for step in steps if isinstance(step, ledger.Hold)), uuid7()]
            steps.append(data.draw(_steps(placed)))
        steps.sort(key=lambda step: str(step.group))  # those of a group side by side

        with transaction.atomic():
            outcomes = ledger.post(steps=steps, booked_at=NOON)

        assert [_name(outcome) for outcome in outcomes] == self.naive.do_all(steps)

    @rule(number=st.sampled_from(CUSTOMERS), amount=amounts)
    def deposit(self, number: str, amount: str) -> None:
        step = move(CASH, number, amount)

        with transaction.atomic():
            outcomes = ledger.post(steps=[step], booked_at=NOON)

        assert [_name(outcome) for outcome in outcomes] == self.naive.do_all([step])

    @rule(number=st.sampled_from(CUSTOMERS), frozen=st.booleans())
    def freeze_or_not(self, number: str, frozen: bool) -> None:
        if self.naive.status[number] != "closed":
            self.naive.status[number] = "frozen" if frozen else "open"
            set_status(number, self.naive.status[number])

    @rule(number=st.sampled_from(CUSTOMERS))
    def close_if_empty(self, number: str) -> None:
        if not self.naive.balance[number] and not self.naive.held(number):
            self.naive.status[number] = "closed"
            set_status(number, "closed")

    @rule(number=st.sampled_from(CUSTOMERS), limit=st.sampled_from([500, 2000]))
    def allow_an_overdraft(self, number: str, limit: int) -> None:
        self.naive.floor[number] = min(-limit, self.naive.floor[number])
        Account.objects.filter(number=number).update(floor_minor=self.naive.floor[number])

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "_savepoint"):
            return
        rows = Account.objects.filter(number__in=CUSTOMERS).values_list("number", "balance_minor", "held_minor")
        own = selectors.internal_accounts(currency="EUR")
        assert set(rows) == {(number, self.naive.balance[number], self.naive.held(number)) for number in CUSTOMERS}
        assert {row.number: row.balance_minor for row in own if row.number in ACCOUNTS} == {
            number: self.naive.balance[number] for number in (CASH, FEES, SUSPENSE)
        }
        stored = {hold_id: (number, status) for hold_id, number, status in Hold.objects.values_list("id", "account__number", "status")}
        assert stored == {hold_id: (number, status) for hold_id, (number, _, status) in self.naive.holds.items()}

    def _agrees_in_history(self) -> None:
        for number in CUSTOMERS:
            lines = selectors.statement(number=number, limit=1000)
            assert [(line.amount_minor, line.balance_after_minor) for line in reversed(lines)] == self.naive.lines[number]
        assert list(books.recompute()) == []


def _steps(holds: list[UUID]) -> st.SearchStrategy[ledger.Step]:
    anyone = st.sampled_from([*ACCOUNTS, *CUSTOMERS, NOBODY])
    moves = st.builds(
        lambda debit, credit, amount, group, capture, fallback: move(
            debit, credit, amount, group=group, releases_hold=capture, fallback_credit=fallback
        ),
        anyone,
        anyone,
        amounts,
        groups,
        st.one_of(st.none(), st.none(), st.sampled_from(holds)),
        st.sampled_from([None, None, SUSPENSE]),
    )
    placed = st.builds(
        lambda account, amount, group: hold(account, amount, group=group), st.sampled_from([*CUSTOMERS, NOBODY]), amounts, groups
    )
    released = st.builds(
        lambda hold_id, expired, group: ledger.Release(hold_id=hold_id, expired=expired, group=group),
        st.sampled_from(holds),
        st.booleans(),
        groups,
    )
    return st.one_of(moves, moves, placed, released)


def _name(outcome: ledger.Posted | DomainError) -> str:
    if isinstance(outcome, ledger.Posted):
        return "Fell back" if outcome.fell_back else "Posted"
    return type(outcome).__name__


@pytest.mark.money
class TestTheLedger(TestCase):
    def test_does_what_the_model_does(self) -> None:
        bounded: Any = settings(max_examples=40, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck))
        run_state_machine_as_test(LedgerMachine, settings=bounded)
