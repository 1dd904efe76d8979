"""A teller's till: opened with a float from the vault, filled, counted, and closed with everything handed back."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from access.errors import DomainError, ReasonMissing
from access.models import User
from access.permissions import require
from access.retry import joining
from access.site import this_bank
from accounts import numbers
from accounts.errors import AmountInvalid, CurrencyNotOffered, TillNotOpen
from accounts.ledger import AccountState
from accounts.models import TillSession
from accounts.money import Money
from accounts.services import tills
from transfers import errors, permissions, rules
from transfers.models import DayClose, Transfer
from transfers.orders import Float, Order, TillDifference
from transfers.services.submit import submit

T = TypeVar("T")
Status = TillSession.Status


def open_till(*, currency: str, float_minor: int, by: User, now: datetime) -> UUID:
    """Open the till of whoever asks with a float, counted and carried from the vault (0: none); return the session.

    Raises NotAllowed, CurrencyNotOffered, AmountInvalid, DayOver, TillOpenAlready, FloatTooLarge.
    """
    require(by=by, permission=permissions.RUN_TILL)
    if currency not in this_bank().currencies:
        raise CurrencyNotOffered(currency=currency[:10], offered=", ".join(this_bank().currencies))
    if float_minor < 0:
        raise AmountInvalid(amount=str(float_minor)[:40], currency=currency)
    day = timezone.localtime(now).date()

    def work() -> UUID:
        session = tills.open_session(teller=by, currency=currency, float_minor=float_minor, now=now)
        if DayClose.objects.filter(day=day).exists():  # read under a lock that closing the day takes too
            raise errors.DayOver(day=day.isoformat())
        _carry(numbers.till_of(by.pk, currency), currency, float_minor, to_till=True, by=by, now=now)
        return session.id

    return _in_one(work)


def carry_float(*, till: str, amount: Money, to_till: bool, by: User, now: datetime) -> UUID:
    """Carry cash between the vault and an open till; return the transfer.

    Raises NotAllowed, TillNotOpen (also for one that is being counted), FloatTooLarge, TillShort, CurrencyMismatch.
    """

    def work() -> UUID:
        session, _ = _locked(till, by=by)
        if session.status != Status.OPEN:
            raise TillNotOpen(till=till)
        return _order(Float(till=till, amount=amount, to_till=to_till), by=by, now=now)

    return _in_one(work)


def count_till(*, till: str, counted_minor: int, explanation: str = "", by: User, now: datetime) -> str:
    """Count the till to close it; return its status after.

    What fits is handed back to the vault and the till closed. What does not waits for a second person, with the explanation; until
    then no cash moves through the till. A till whose difference was refused is counted anew. A till of somebody else needs the
    permission to close the day. Raises NotAllowed, TillNotOpen, AmountInvalid, CountWaiting, TillBusy, ReasonMissing.
    """

    def work() -> str:
        session, account = _locked(till, by=by)
        _refuse_count(session, account)
        difference = counted_minor + account.balance
        adjustment = _book(account, difference, explanation, by=by, now=now) if difference else None
        tills.record_count(
            session=session,
            account=account,
            counted_minor=counted_minor,
            adjustment=adjustment,
            explanation=explanation.strip(),
            by=by,
            now=now,
        )
        if not adjustment:
            _hand_back(session, account, by=by, now=now)
        return session.status

    if not 0 <= counted_minor <= 10**15:
        raise AmountInvalid(amount=str(counted_minor)[:40], currency="")
    return _in_one(work)


def close_till(*, till: str, by: User, now: datetime) -> None:
    """Hand everything back and close a till whose difference a second person agreed to.

    Raises NotAllowed, TillNotOpen (also for one that was not counted), CountWaiting, CountRefused.
    """

    def work() -> None:
        session, account = _locked(till, by=by)
        if session.status != Status.COUNTED:
            raise TillNotOpen(till=till)
        word = _word(session)
        if word != rules.COMPLETED:
            raise errors.CountWaiting(till=till) if word == rules.AWAITING else errors.CountRefused(till=till)
        _hand_back(session, account, by=by, now=now)

    _in_one(work)


def _in_one(work: Callable[[], T]) -> T:
    """Do the work in one transaction, the caller's where there is one."""

    def whole() -> T:
        with transaction.atomic():
            return work()

    return joining(whole)


def _locked(till: str, *, by: User) -> tuple[TillSession, AccountState]:
    """Return the session and its account under lock; raises NotAllowed, TillNotOpen."""
    require(by=by, permission=permissions.RUN_TILL)
    session, account = tills.lock_session(till=till)
    if session.teller_id != by.pk:
        require(by=by, permission=permissions.CLOSE_DAY)
    return session, account


def _refuse_count(session: TillSession, account: AccountState) -> None:
    """Raise what keeps the till from being counted: a count that still stands, or cash that a second person has yet to decide about."""
    if session.status == Status.COUNTED and _word(session) != rules.REFUSED:
        raise TillNotOpen(till=account.number) if _word(session) == rules.COMPLETED else errors.CountWaiting(till=account.number)
    waiting = Transfer.objects.filter(status=rules.AWAITING).filter(Q(debtor_number=account.number) | Q(creditor_number=account.number))
    if count := waiting.count():
        raise errors.TillBusy(till=account.number, waiting=count)


def _word(session: TillSession) -> str:
    """Return the status of the adjustment that books the difference of a counted till."""
    assert session.adjustment is not None, "a till that stays counted has a difference"
    return Transfer.objects.values_list("status", flat=True).get(id=session.adjustment)


def _book(account: AccountState, difference: int, explanation: str, *, by: User, now: datetime) -> UUID:
    """Ask for the adjustment of a difference; raises ReasonMissing without an explanation."""
    if not explanation.strip():
        raise ReasonMissing
    amount = Money(abs(difference), account.currency)
    return _order(TillDifference(till=account.number, amount=amount, is_over=difference > 0, reason=explanation), by=by, now=now)


def _hand_back(session: TillSession, account: AccountState, *, by: User, now: datetime) -> None:
    """Carry what was counted to the vault, which empties the till, and end the session."""
    assert session.counted_minor is not None, "a till is handed back when it was counted"
    _carry(account.number, account.currency, session.counted_minor, to_till=False, by=by, now=now)
    tills.end_session(session=session, account=account, by=by, now=now)


def _carry(till: str, currency: str, amount_minor: int, *, to_till: bool, by: User, now: datetime) -> None:
    """Carry an amount that may be nothing at all."""
    if amount_minor:
        _order(Float(till=till, amount=Money(amount_minor, currency), to_till=to_till), by=by, now=now)


def _order(order: Order, *, by: User, now: datetime) -> UUID:
    """Submit one order in the transaction at hand; raises its refusal."""
    [outcome] = submit(orders=[order], by=by, now=now)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome.transfer_id
