"""The one entry for orders: of pages, the API, files and commands, one or a thousand."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from uuid_utils.compat import uuid7

from access.approvals import Question, ask_each
from access.errors import DomainError
from access.models import User
from access.permissions import require
from access.plans import planned_anew
from access.retry import joining
from access.sets import Insert
from access.site import this_bank
from accounts import ledger
from accounts.errors import AccountUnknown, HoldReserved, TillNotOpen
from accounts.numbers import is_internal, is_till
from accounts.selectors.acting import within_reach
from accounts.selectors.tills import opened_at
from messaging.selectors import peers
from transfers import errors, permissions, rules, selectors, storage
from transfers.entry import Entry
from transfers.orders import Accepted, Adjustment, Deposit, Float, Order, Payment, Reversal, TillDifference, Withdrawal
from transfers.services.clearing import lock_with_clearing
from transfers.services.draft import Desk, destinations_of, draft, originals_of
from transfers.services.send import announce

Outcome = Accepted | DomainError
_PERMISSIONS = {
    Deposit: permissions.DEPOSIT,
    Withdrawal: permissions.WITHDRAW,
    Payment: permissions.PAY,
    Reversal: permissions.REVERSE,
    Adjustment: permissions.ADJUST,
    Float: permissions.RUN_TILL,
    TillDifference: permissions.RUN_TILL,
}
_OVER_THE_COUNTER = frozenset({"deposit", "withdrawal", "reversal"})  # cash of customers, for which a till must be open


def submit(*, orders: Sequence[Order], by: User, now: datetime, atomic: bool = False, dry_run: bool = False) -> list[Outcome]:
    """Judge and book the orders in one transaction; return one outcome each, in order.

    A refused order leaves nothing behind and does not hinder the others, unless `atomic`: then all are booked or none. `dry_run` says
    what would happen and changes nothing. Inside a caller's transaction it joins it; otherwise transient failures are retried.
    A program without a mandate for the account is refused as if there were none. Raises NotAllowed before anything is read.
    """
    for permission in sorted({_PERMISSIONS[type(order)] for order in orders}):
        require(by=by, permission=permission)

    def work() -> list[Outcome]:
        with planned_anew(rows=len(orders)), transaction.atomic():
            outcomes = _book(orders=orders, by=by, atomic=atomic, now=now)
            if dry_run:
                transaction.set_rollback(True)
        return outcomes

    return joining(work)


def _book(*, orders: Sequence[Order], by: User, atomic: bool, now: datetime) -> list[Outcome]:
    """Draft, lock, post, write: the walk of every order through its bank."""
    site = this_bank()
    allowances = ledger.lock_allowances(by=by, currencies=_spent_currencies(orders), at=now)
    destinations, originals = destinations_of(orders) - {site.code}, originals_of(orders)
    taken_back = storage.lock(originals) if originals else {}
    known = peers(codes=destinations | {site.code}) if destinations else {}
    desk = Desk(
        site=site,
        peers=known,
        caps=selectors.debit_caps(bank=known.get(site.code)),
        originals=taken_back,
        reversed=selectors.reversed_among(ids=originals) if originals else set(),
        tills=_open_among(taken_back.values()),
        asked_by_id=by.pk,
        now=now,
    )
    drafts = _within_reach([draft(order, desk=desk) for order in orders], by=by)
    limits = by.order_limits
    drafts = [rules.refuse_amount(each, limits=limits) or each if isinstance(each, Entry) else each for each in drafts]
    locked = lock_with_clearing([each for each in drafts if isinstance(each, Entry)], now=now)
    locked.allowances = allowances
    drafts = _at_open_tills(drafts)
    drafts = [_refusal(each, locked, now=now) or _with_names(each, locked) if isinstance(each, Entry) else each for each in drafts]
    if atomic and any(isinstance(each, DomainError) for each in drafts):
        return [*_all_refused(drafts)]
    judged = iter(_post([each for each in drafts if isinstance(each, Entry)], desk=desk, by=by, locked=locked, atomic=atomic))
    outcomes = [next(judged) if isinstance(each, Entry) else each for each in drafts]
    return [Accepted(each.id, each.kind, each.status) if isinstance(each, Entry) else each for each in outcomes]


def _spent_currencies(orders: Sequence[Order]) -> set[str]:
    """Return the currencies in which the orders can use up an allowance."""
    return {order.amount.currency for order in orders if isinstance(order, Payment | Withdrawal)}


def _within_reach(drafts: Sequence[Entry | DomainError], *, by: User) -> list[Entry | DomainError]:
    """Refuse the orders about accounts of customers for whom the user does not act, as if there were no such accounts."""
    accounts = {each.id: _account_of(each) for each in drafts if isinstance(each, Entry)}
    reached = within_reach(user=by, numbers=accounts.values())
    return [
        AccountUnknown(account=accounts[each.id]) if isinstance(each, Entry) and accounts[each.id] not in reached else each
        for each in drafts
    ]


def _account_of(entry: Entry) -> str:
    """Return the account whose holder an order speaks for: who pays, or who is paid where the bank pays."""
    return entry.creditor_number if is_internal(entry.debtor_number) else entry.debtor_number


def _open_among(entries: Iterable[Entry]) -> dict[str, datetime]:
    """Return since when those tills are open that the entries go through; no query where none does."""
    tills = {number for entry in entries for number in (entry.debtor_number, entry.creditor_number) if is_till(number)}
    return opened_at(tills=tills) if tills else {}


def _at_open_tills(drafts: Sequence[Entry | DomainError]) -> list[Entry | DomainError]:
    """Refuse customers' cash at tills that are not open, read under the lock of their accounts: a count would miss it."""
    opened = _open_among(each for each in drafts if isinstance(each, Entry) and each.kind in _OVER_THE_COUNTER)
    return [_shut_till(each, opened) or each if isinstance(each, Entry) else each for each in drafts]


def _shut_till(entry: Entry, opened: Collection[str]) -> DomainError | None:
    number = next((number for number in (entry.debtor_number, entry.creditor_number) if is_till(number)), None)
    return TillNotOpen(till=number) if number and number not in opened and entry.kind in _OVER_THE_COUNTER else None


def _refusal(entry: Entry, locked: ledger.Locked, *, now: datetime) -> DomainError | None:
    """Refuse to capture what another order keeps for its second person, and an order that would wait for its own in vain."""
    captured = locked.holds.get(entry.hold) if entry.hold else None
    if captured is not None and captured.expires_at is None:
        return HoldReserved(hold=str(captured.id))
    if entry.status != rules.AWAITING:
        return None
    judged = ledger.judge(
        steps=rules.booking(entry, group=0, releases_hold=True, spends=entry.kind in rules.SPENDING), locked=locked, at=now
    )
    return next((outcome for outcome in judged if isinstance(outcome, DomainError)), None)


def _with_names(entry: Entry, locked: ledger.Locked) -> Entry:
    """Return the entry with debtor and creditor named as their accounts are."""
    debtor, creditor = locked.accounts.get(entry.debtor_number), locked.accounts.get(entry.creditor_number)
    entry.debtor_name = debtor.holder_name if debtor else ""
    entry.creditor_name = creditor.holder_name if creditor else entry.creditor_name
    return entry


def _post(entries: Sequence[Entry], *, desk: Desk, by: User, locked: ledger.Locked, atomic: bool) -> list[Entry | DomainError]:
    """Post the entries, or set the money aside for those that wait for a second person; return each entry or its refusal.

    Transfers, their story and what asks other banks for them are written in the same statement as the postings.
    """
    steps = [_steps(entry, group=0 if atomic else entry.id) for entry in entries]
    outcomes: list[Entry | DomainError] = []

    def accept(posted: Sequence[ledger.Outcome]) -> list[Insert]:
        each_alone = list(_outcomes(entries, steps, posted))
        refused = atomic and any(isinstance(each, DomainError) for each in each_alone)
        outcomes.extend(_all_refused(each_alone) if refused else each_alone)  # an order without steps would stand when the others fall
        accepted = [each for each in outcomes if isinstance(each, Entry)]
        _ask_second_person(accepted, by=by, now=desk.now)
        return [*announce(accepted, peers=desk.peers, now=desk.now), *storage.inserts(accepted, now=desk.now)]

    ledger.post(steps=[step for own in steps for step in own], booked_at=desk.now, locked=locked, also=accept)
    return outcomes


def _all_refused(outcomes: Sequence[Entry | DomainError]) -> list[DomainError]:
    """Refuse every order of an all-or-nothing batch: for its own reason, or because others were."""
    return [each if isinstance(each, DomainError) else errors.OthersRefused() for each in outcomes]


def _outcomes(
    entries: Sequence[Entry], steps: Sequence[Sequence[ledger.Step]], posted: Sequence[ledger.Outcome]
) -> Iterator[Entry | DomainError]:
    """Yield each entry, or the first refusal among the outcomes of its own steps."""
    every = iter(posted)
    for entry, own in zip(entries, steps, strict=True):
        yield next((refusal for refusal in [next(every) for _ in own] if isinstance(refusal, DomainError)), entry)


def _steps(entry: Entry, *, group: Hashable) -> list[ledger.Step]:
    """Return what an order does now: its moves; while it waits for a second person, a hold on the customer's account that pays."""
    spends = entry.kind in rules.SPENDING
    if entry.status != rules.AWAITING:
        return [*rules.booking(entry, group=group, releases_hold=True, spends=spends)]
    captured: list[ledger.Step] = [ledger.Release(hold_id=entry.hold, group=group)] if entry.hold else []
    if is_internal(entry.debtor_number):
        return captured
    entry.hold = uuid7()
    purpose = f"transfer {entry.id}"
    return [
        *captured,
        ledger.Hold(hold_id=entry.hold, account=entry.debtor_number, amount=entry.total, purpose=purpose, group=group, spends=spends),
    ]


def _ask_second_person(entries: Sequence[Entry], *, by: User, now: datetime) -> None:
    """Ask one question for each order that waits, in one statement."""
    waiting = [entry for entry in entries if entry.status == rules.AWAITING]
    if not waiting:
        return
    questions = [
        Question(
            action=rules.APPROVALS[entry.kind],
            subject=f"transfer:{entry.id}",
            facts={
                "amount_minor": entry.amount_minor,
                "currency": entry.currency,
                "debtor": entry.debtor_number,
                "creditor": entry.creditor_number,
            },
            reason=entry.reason or entry.reference,
        )
        for entry in waiting
    ]
    for entry, approval in zip(waiting, ask_each(questions=questions, by=by, now=now), strict=True):
        entry.approval = approval
