"""The accounts while steps are judged, one after the other, each on what the ones before it left."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from access.errors import DomainError
from accounts.errors import (
    AccountClosed,
    AccountFrozen,
    AccountUnknown,
    CeilingExceeded,
    CurrencyMismatch,
    HoldEnded,
    HoldExceeded,
    HoldUnknown,
    InsufficientFunds,
    SameAccount,
    TillShort,
)
from accounts.money import Money
from accounts.rules.allowances import Allowances
from accounts.rules.decision import Decision, HoldRow, PostingRow
from accounts.rules.steps import AccountState, Hold, HoldState, Move, Outcome, Posted, Release, Step

# No balance leaves +-10^18 minor units, so that the database's 64-bit columns cannot overflow whoever sends what.
FARTHEST_MINOR = 10**18
_UNBOUNDED = 10**30  # a striped account's balance is not known here, nor limited
_POSTED, _FELL_BACK = Posted(), Posted(fell_back=True)


class _Running:
    """One account's numbers as they change; a striped account's `credits` and `debits` are what to add to its stripe."""

    __slots__ = (
        "balance",
        "closed",
        "credits",
        "currency",
        "debits",
        "frozen",
        "held",
        "highest",
        "id",
        "lowest",
        "number",
        "seq",
        "state",
    )

    def __init__(self, state: AccountState) -> None:
        self.state = state
        self.id, self.number, self.currency = state.id, state.number, state.currency
        self.closed, self.frozen = state.status == "closed", state.status == "frozen"
        farthest = _UNBOUNDED if state.striped else FARTHEST_MINOR
        self.lowest = -farthest if state.floor is None else state.floor
        self.highest = farthest if state.ceiling is None else state.ceiling
        self.balance, self.held, self.seq = state.balance, state.held, state.last_seq
        self.credits = self.debits = 0

    @property
    def available(self) -> int:
        """Return what may leave."""
        return self.balance - self.held - self.lowest

    def save(self) -> tuple[int, int, int, int, int]:
        """Return the numbers, for `restore`."""
        return self.balance, self.held, self.seq, self.credits, self.debits

    def restore(self, saved: tuple[int, int, int, int, int]) -> None:
        """Go back to saved numbers."""
        self.balance, self.held, self.seq, self.credits, self.debits = saved

    def place(self) -> tuple[int | None, int | None]:
        """Return the next place on the account and the balance at it; a striped account has neither."""
        if self.state.striped:
            return None, None
        self.seq += 1
        return self.seq, self.balance


class Book:
    """Takes steps and remembers what they change; nothing of a refused step stays."""

    def __init__(self, accounts: Mapping[str, AccountState], holds: Mapping[UUID, HoldState], at: datetime, allowances: Allowances) -> None:
        self._states, self._at, self._allowances = accounts, at, allowances
        self._accounts: dict[str, _Running] = {}
        self._holds = dict(holds)
        self._placed: dict[UUID, HoldRow] = {}
        self._ended: dict[UUID, tuple[str, int]] = {}
        self._postings: list[PostingRow] = []

    def take(self, step: Step) -> Outcome:
        """Do one step, or return why not."""
        if isinstance(step, Move):
            return self._move(step)
        return self._hold(step) if isinstance(step, Hold) else self._release(step)

    def take_together(self, steps: Sequence[Step]) -> list[Outcome]:
        """Do all of the steps, or none and return the first refusal for each."""
        accounts = [(account, account.save()) for account in self._named(steps)]
        spent = self._allowances.save()
        lists = [(grown, len(grown)) for grown in (self._postings, self._holds, self._placed, self._ended)]
        outcomes: list[Outcome] = []
        for step in steps:
            outcome = self.take(step)
            if isinstance(outcome, DomainError):
                for account, saved in accounts:
                    account.restore(saved)
                self._allowances.restore(spent)
                for grown, length in lists:
                    while len(grown) > length:  # all four only ever grow, at their end
                        grown.pop() if isinstance(grown, list) else grown.popitem()
                return [outcome] * len(steps)
            outcomes.append(outcome)
        return outcomes

    def decision(self, outcomes: list[Outcome]) -> Decision:
        """Return the outcomes with every row that has changed, ordered as rows are locked: by id."""
        changed = sorted(self._accounts.values(), key=lambda account: account.id)
        return Decision(
            outcomes=outcomes,
            postings=self._postings,
            accounts=[
                (account.id, account.balance, account.held, account.seq)
                for account in changed
                if account.seq != account.state.last_seq or account.held != account.state.held
            ],
            stripes=[
                (account.state.stripe_id, account.credits, account.debits)
                for account in changed
                if account.state.stripe_id is not None and (account.credits or account.debits)
            ],
            placed=[self._as_written(row) for row in self._placed.values()],
            ended=[
                (hold_id, status, captured, self._at) for hold_id, (status, captured) in self._ended.items() if hold_id not in self._placed
            ],
            spent=self._allowances.rows(),
        )

    def _move(self, step: Move) -> Outcome:
        creditor = step.credit
        debit, credit = self._account(step.debit), self._account(creditor)
        if step.fallback_credit is not None and not _takes(credit, step.amount):
            creditor = step.fallback_credit
            credit = self._account(creditor)
        refusal = _parties_refused(step.amount, (step.debit, debit), (creditor, credit)) or self._capture_refused(step)
        if refusal is not None:
            return refusal
        assert debit is not None
        assert credit is not None
        amount = step.amount.amount_minor
        freed = 0 if step.releases_hold is None else self._holds[step.releases_hold].amount_minor
        refusal = self._allowances.refused(step) or _funds_refused(debit, amount, freed) or _room_refused(credit, amount)
        if refusal is not None:
            return refusal
        self._allowances.take(step)
        if step.releases_hold is not None:
            debit.held -= freed
            self._ended[step.releases_hold] = ("captured", amount)
        self._post(step, debit, credit, amount)
        return _POSTED if creditor is step.credit else _FELL_BACK

    def _post(self, step: Move, debit: _Running, credit: _Running, amount: int) -> None:
        debit.balance -= amount
        debit.debits += amount
        credit.balance += amount
        credit.credits += amount
        self._postings.append(
            PostingRow(step.transfer_id, step.leg, debit.id, credit.id, amount, debit.currency, *debit.place(), *credit.place())
        )

    def _hold(self, step: Hold) -> Outcome:
        assert step.hold_id not in self._holds, "a hold is placed under a new id"
        account, amount = self._account(step.account), step.amount.amount_minor
        refusal = _parties_refused(step.amount, (step.account, account))
        if refusal is not None:
            return refusal
        assert account is not None
        refusal = self._allowances.refused(step) or _funds_refused(account, amount, 0)
        if refusal is not None:
            return refusal
        self._allowances.take(step)
        assert not account.state.striped, "a hold is on an account that keeps its own balance"
        account.held += amount
        self._holds[step.hold_id] = HoldState(step.hold_id, step.account, amount, "placed", step.expires_at)
        self._placed[step.hold_id] = HoldRow(step.hold_id, account.id, amount, step.purpose, step.expires_at, "placed", 0, None)
        return _POSTED

    def _release(self, step: Release) -> Outcome:
        hold = self._holds.get(step.hold_id)
        if hold is None:
            return HoldUnknown(hold=str(step.hold_id))
        status = self._status(hold)
        if status != "placed":
            return HoldEnded(hold=str(step.hold_id), status=status)
        account = self._account(hold.account)
        assert account is not None, "the account of a locked hold is locked"
        account.held -= hold.amount_minor
        self._ended[step.hold_id] = ("expired" if step.expired else "released", 0)
        return _POSTED

    def _capture_refused(self, step: Move) -> DomainError | None:
        """Return why the hold a move captures does not allow it."""
        if step.releases_hold is None:
            return None
        hold, name = self._holds.get(step.releases_hold), str(step.releases_hold)
        if hold is None or hold.account != step.debit:
            return HoldUnknown(hold=name)
        status = self._status(hold)
        if status == "placed" and hold.expires_at is not None and hold.expires_at <= self._at:
            status = "expired"
        if status != "placed":
            return HoldEnded(hold=name, status=status)
        amount = step.amount
        if amount.amount_minor > hold.amount_minor:
            return HoldExceeded(hold=name, held_minor=hold.amount_minor, amount_minor=amount.amount_minor, currency=amount.currency)
        return None

    def _account(self, number: str) -> _Running | None:
        """Return the account as the steps so far left it, None when there is no such account."""
        account = self._accounts.get(number)
        if account is None:
            state = self._states.get(number)
            if state is None:
                return None
            account = self._accounts[number] = _Running(state)
        return account

    def _named(self, steps: Sequence[Step]) -> set[_Running]:
        """Return the accounts the steps can change."""
        numbers: set[str | None] = set()
        for step in steps:
            if isinstance(step, Move):
                numbers.update((step.debit, step.credit, step.fallback_credit))
            elif isinstance(step, Hold):
                numbers.add(step.account)
            elif step.hold_id in self._holds:
                numbers.add(self._holds[step.hold_id].account)
        return {account for number in numbers if number is not None and (account := self._account(number)) is not None}

    def _status(self, hold: HoldState) -> str:
        return self._ended[hold.id][0] if hold.id in self._ended else hold.status

    def _as_written(self, row: HoldRow) -> HoldRow:
        """Return a hold of this batch with its end, should it have ended within the batch."""
        if row.id not in self._ended:
            return row
        status, captured = self._ended[row.id]
        return row._replace(status=status, captured_minor=captured, ended_at=self._at)


def _takes(credit: _Running | None, amount: Money) -> bool:
    """Return whether the account can be credited with the amount."""
    if credit is None or credit.currency != amount.currency or credit.closed:
        return False
    return credit.balance + amount.amount_minor <= credit.highest


def _parties_refused(amount: Money, *parties: tuple[str, _Running | None]) -> DomainError | None:
    """Return why the accounts (number and account, the debited one first) cannot take part, whatever they hold."""
    accounts = []
    for number, account in parties:
        if account is None:
            return AccountUnknown(account=number)
        accounts.append(account)
    for account in accounts:
        if account.currency != amount.currency:
            return CurrencyMismatch(account=account.number, currency=account.currency, given=amount.currency)
    for account in accounts:
        if account.closed:
            return AccountClosed(account=account.number)
    if accounts[0].frozen:
        return AccountFrozen(account=accounts[0].number)
    if accounts[0] in accounts[1:]:
        return SameAccount(account=accounts[0].number)
    return None


def _funds_refused(debit: _Running, amount: int, freed: int) -> DomainError | None:
    """Return why the amount cannot leave; `freed` is what a hold sets free for it."""
    available = debit.available + freed
    if amount <= available:
        return None
    return InsufficientFunds(account=debit.number, available_minor=available, amount_minor=amount, currency=debit.currency)


def _room_refused(credit: _Running, amount: int) -> DomainError | None:
    """Return why the amount cannot arrive."""
    room = credit.highest - credit.balance
    if amount <= room:
        return None
    if credit.state.kind == "till":  # crediting a drawer takes cash out of it
        return TillShort(till=credit.number, cash_minor=room, amount_minor=amount, currency=credit.currency)
    return CeilingExceeded(account=credit.number, room_minor=room, amount_minor=amount, currency=credit.currency)
