"""The one door through which money moves: lock, decide, write; a constant number of statements for any number of steps."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

import msgspec
from django.utils import timezone

from access.errors import DomainError
from access.models import User
from access.sets import Insert, Update
from accounts import storage
from accounts.rules import AccountState, Allowance, Decision, Hold, HoldState, Move, Outcome, Posted, Release, Step, decide

__all__ = [
    "AccountState",
    "Allowance",
    "DomainError",
    "Hold",
    "HoldState",
    "Locked",
    "Move",
    "Outcome",
    "Posted",
    "Release",
    "Step",
    "judge",
    "lock",
    "lock_allowances",
    "post",
]


def _nothing(_: Sequence[Outcome]) -> Iterable[Insert | Update]:
    return ()


class Locked(msgspec.Struct, kw_only=True):
    """The accounts and holds that were found, by number and id, as they are until the transaction ends or `post` changes them.

    `allowances` are those of the client who orders, by currency, which the caller locked before.
    """

    accounts: Mapping[str, AccountState]
    holds: Mapping[UUID, HoldState]
    asked: frozenset[str]
    asked_holds: frozenset[UUID]
    allowances: Mapping[str, Allowance] = msgspec.field(default_factory=dict)
    spent: bool = False
    over: Mapping[UUID, HoldState] | None = None  # holds on these accounts whose time is over, once they were looked for


def lock_allowances(*, by: User, currencies: Collection[str], at: datetime) -> Mapping[str, Allowance]:
    """Lock what the client may still order on this day of the bank, by currency; empty, and no query, for who has no daily limit.

    Allowances are locked before approvals, transfers, holds and accounts.
    """
    limits = {currency: limit.per_day_minor for currency, limit in by.order_limits.items() if currency in currencies}
    daily = {currency: limit for currency, limit in limits.items() if limit is not None}
    if not daily:
        return {}
    local = timezone.localtime(at)
    midnight = datetime.combine(local.date() + timedelta(days=1), time.min, tzinfo=local.tzinfo)
    rows = storage.lock_spends(user_id=by.pk, day=local.date(), limits=daily)
    return {currency: Allowance(spend_id, limit, spent, midnight) for currency, spend_id, limit, spent in rows}


def lock(*, numbers: Collection[str], holds: Collection[UUID] = ()) -> Locked:
    """Lock holds, then the accounts of these numbers and of the holds, each in ascending id; what does not exist is absent.

    Striped accounts are read without a lock. Locking again in the same transaction is harmless when nothing new is named.
    """
    found = {hold.id: hold for hold in storage.lock_holds(ids=holds)} if holds else {}
    wanted = frozenset(numbers) | {hold.account for hold in found.values()}
    accounts = {account.number: account for account in storage.lock_accounts(numbers=wanted)}
    return Locked(accounts=accounts, holds=found, asked=wanted, asked_holds=frozenset(holds))


def post(
    *,
    steps: Sequence[Step],
    booked_at: datetime,
    locked: Locked | None = None,
    also: Callable[[Sequence[Outcome]], Iterable[Insert | Update]] = _nothing,
) -> list[Outcome]:
    """Do the steps in order inside the caller's transaction; return one outcome each: Posted, or the refusal (not raised).

    Call it once in a transaction: a second would take locks out of order. `locked` is what the caller locked before, once for each post.
    `also` is told the outcomes and returns the caller's own writes, to be sent in the same statement.
    Raises IntegrityError when a posting (transfer, leg) or a hold exists already, StaleRows when a hold was ended without a lock.
    """
    numbers, holds = _named(steps)
    if locked is None:
        locked = lock(numbers=numbers, holds=holds)
    assert numbers <= locked.asked, "what steps name was locked before"
    assert holds <= locked.asked_holds, "the holds that steps end were locked before"
    assert not locked.spent, "balances read before the last post are not today's"
    locked.spent = True
    over = _expired(locked, besides=holds, at=booked_at)
    decision = _decide(over, steps, locked, booked_at)
    outcomes = decision.outcomes[len(over) :]
    storage.write(decision=decision, at=booked_at, also=also(outcomes))
    return outcomes


def judge(*, steps: Sequence[Step], locked: Locked, at: datetime) -> list[Outcome]:
    """Return what `post` would answer, and do nothing: for orders that wait and should not wait in vain."""
    over = _expired(locked, besides=_named(steps)[1], at=at)
    return _decide(over, steps, locked, at).outcomes[len(over) :]


def _expired(locked: Locked, *, besides: Collection[UUID], at: datetime) -> dict[UUID, HoldState]:
    """Return the holds on the locked accounts whose time is over: they end before anything is judged, whether housekeeping came or not.

    They are locked after their accounts, against the usual order, so one that another transaction has locked is left to it.
    """
    if locked.over is None:
        holding = [account.id for account in locked.accounts.values() if account.first_end is not None and account.first_end <= at]
        locked.over = {hold.id: hold for hold in storage.lock_expired_holds(accounts=holding, at=at)} if holding else {}
    return {hold_id: hold for hold_id, hold in locked.over.items() if hold_id not in besides}


def _decide(over: Mapping[UUID, HoldState], steps: Sequence[Step], locked: Locked, at: datetime) -> Decision:
    """Judge the ends of the holds that are over, then the steps."""
    ends = [Release(hold_id=hold_id, expired=True) for hold_id in over]
    return decide(accounts=locked.accounts, holds={**locked.holds, **over}, steps=[*ends, *steps], at=at, allowances=locked.allowances)


def _named(steps: Sequence[Step]) -> tuple[set[str], set[UUID]]:
    """Return the accounts the steps name and the holds they end, but for those they place themselves."""
    numbers: set[str] = set()
    ended: set[UUID] = set()
    placed: set[UUID] = set()
    for step in steps:
        if isinstance(step, Move):
            numbers.add(step.debit)
            numbers.add(step.credit)
            if step.fallback_credit is not None:
                numbers.add(step.fallback_credit)
            if step.releases_hold is not None:
                ended.add(step.releases_hold)
        elif isinstance(step, Hold):
            numbers.add(step.account)
            placed.add(step.hold_id)
        else:
            ended.add(step.hold_id)
    return numbers, ended - placed
