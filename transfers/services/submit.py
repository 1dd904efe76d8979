"""The one entry for orders: of pages, the API, files and commands, one or a thousand."""

from collections.abc import Hashable, Iterator, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

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
from accounts.numbers import is_internal
from messaging.selectors import peers
from transfers import permissions, rules, selectors, storage
from transfers.entry import Entry
from transfers.orders import Accepted, Adjustment, Deposit, Float, Order, Payment, Reversal, TillDifference, Withdrawal
from transfers.services.clearing import lock_with_clearing
from transfers.services.draft import Desk, destinations_of, draft, originals_of
from transfers.services.send import announce
from transfers.services.submission import Submission, at_shut_tills, beyond_caps, open_tills, out_of_reach, under_lock

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
        originals=taken_back,
        reversed=selectors.reversed_among(ids=originals) if originals else set(),
        tills=open_tills(taken_back.values()),
        asked_by_id=by.pk,
        now=now,
    )
    submission = Submission(draft(order, desk=desk) for order in orders)
    submission.refuse(out_of_reach(submission.standing, by=by))
    submission.refuse(partial(rules.refuse_amount, limits=by.order_limits))
    locked = lock_with_clearing(submission.standing, now=now)
    locked.allowances = allowances
    submission.refuse(at_shut_tills(submission.standing))
    submission.refuse(under_lock(locked, now=now))
    submission.refuse(beyond_caps(selectors.debit_caps(bank=known.get(site.code))))
    if atomic:
        submission.stand_or_fall_together()
    _post(submission, desk=desk, by=by, locked=locked, atomic=atomic)
    return [Accepted(each.id, each.kind, each.status) if isinstance(each, Entry) else each for each in submission.outcomes]


def _spent_currencies(orders: Sequence[Order]) -> set[str]:
    """Return the currencies in which the orders can use up an allowance."""
    return {order.amount.currency for order in orders if isinstance(order, Payment | Withdrawal)}


def _post(submission: Submission, *, desk: Desk, by: User, locked: ledger.Locked, atomic: bool) -> None:
    """Post what stands, or set the money aside for what waits for a second person; the ledger's refusals are the submission's.

    Transfers, their story and what asks other banks for them are written in the same statement as the postings.
    """
    entries = submission.standing
    for entry in entries:
        _name_parties(entry, locked)
    steps = [_steps(entry, group=0 if atomic else entry.id) for entry in entries]

    def accept(posted: Sequence[ledger.Outcome]) -> list[Insert]:
        refusals = dict(_refusals(entries, steps, posted))
        submission.refuse(lambda entry: refusals.get(entry.id))
        if atomic:
            submission.stand_or_fall_together()  # an order without steps would stand when the others fall
        accepted = submission.standing
        _ask_second_person(accepted, by=by, now=desk.now)
        return [*announce(accepted, peers=desk.peers, now=desk.now), *storage.inserts(accepted, now=desk.now)]

    ledger.post(steps=[step for own in steps for step in own], booked_at=desk.now, locked=locked, also=accept)


def _name_parties(entry: Entry, locked: ledger.Locked) -> None:
    """Name debtor and creditor as their accounts are."""
    debtor, creditor = locked.accounts.get(entry.debtor_number), locked.accounts.get(entry.creditor_number)
    entry.debtor_name = debtor.holder_name if debtor else ""
    entry.creditor_name = creditor.holder_name if creditor else entry.creditor_name


def _refusals(
    entries: Sequence[Entry], steps: Sequence[Sequence[ledger.Step]], posted: Sequence[ledger.Outcome]
) -> Iterator[tuple[UUID, DomainError]]:
    """Yield the first refusal among the outcomes of each entry's own steps."""
    every = iter(posted)
    for entry, own in zip(entries, steps, strict=True):
        refused = [outcome for outcome in [next(every) for _ in own] if isinstance(outcome, DomainError)]
        if refused:
            yield entry.id, refused[0]


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
