"""Holds that people and programs place: money set aside until it is captured, released or expires."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from access import audit
from access.errors import DomainError
from access.models import User
from access.permissions import require
from accounts import ledger, permissions
from accounts.errors import AccountInternal, ExpiryInvalid, HoldReserved
from accounts.models import Hold
from accounts.money import Money

_LONGEST = timedelta(days=366)


def place_hold(*, number: str, amount: Money, purpose: str = "", expires_at: datetime, by: User, now: datetime) -> UUID:
    """Set an amount aside on a customer's account; return the hold.

    Raises NotAllowed, ExpiryInvalid, AccountUnknown, AccountInternal, CurrencyMismatch, AccountClosed, AccountFrozen, InsufficientFunds.
    """
    require(by=by, permission=permissions.PLACE_HOLD)
    if not now < expires_at <= now + _LONGEST:
        raise ExpiryInvalid(expires_at=expires_at.isoformat())
    step = ledger.Hold(hold_id=uuid7(), account=number, amount=amount, purpose=purpose[:80], expires_at=expires_at)
    with transaction.atomic():
        locked = ledger.lock(numbers=[number])
        if number in locked.accounts and locked.accounts[number].customer_id is None:
            raise AccountInternal(account=number)
        _post(step, now=now, locked=locked)
        after = {"hold": str(step.hold_id), "amount_minor": amount.amount_minor, "currency": amount.currency}
        audit.record(actor=by, action="hold.placed", subject=number, after=after, now=now)
    return step.hold_id


def release_hold(*, hold_id: UUID, reason: str = "", by: User, now: datetime) -> None:
    """Free what a hold set aside; raises NotAllowed, HoldUnknown, HoldEnded, HoldReserved."""
    require(by=by, permission=permissions.PLACE_HOLD)
    with transaction.atomic():
        locked = ledger.lock(numbers=(), holds=[hold_id])
        hold = locked.holds.get(hold_id)
        if hold is not None and hold.expires_at is None:
            raise HoldReserved(hold=str(hold_id))
        _post(ledger.Release(hold_id=hold_id), now=now, locked=locked)
        audit.record(
            actor=by, action="hold.released", subject=hold.account if hold else "", after={"hold": str(hold_id)}, reason=reason, now=now
        )


def expire_holds(*, now: datetime, limit: int = 1000) -> int:
    """Free what holds set aside whose time has come, at most `limit` of them; return how many. Safe from many processes at once."""
    due = Hold.objects.filter(status__word=Hold.Status.PLACED, expires_at__lte=now).order_by("expires_at", "id")
    ids = list(due.values_list("id", flat=True)[:limit])
    if not ids:
        return 0
    with transaction.atomic():
        outcomes = ledger.post(steps=[ledger.Release(hold_id=hold_id, expired=True) for hold_id in ids], booked_at=now)
    return sum(isinstance(outcome, ledger.Posted) for outcome in outcomes)


def _post(step: ledger.Step, *, now: datetime, locked: ledger.Locked) -> None:
    """Do one step; raise its refusal."""
    (outcome,) = ledger.post(steps=[step], booked_at=now, locked=locked)
    if isinstance(outcome, DomainError):
        raise outcome
