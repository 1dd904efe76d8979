"""What a till's session is, beside its money: opened, counted, closed, each under the lock of its account and with its evidence."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from access import audit
from access.models import User
from accounts import ledger, numbers
from accounts.errors import TillNotOpen, TillOpenAlready
from accounts.models import Account, TillSession
from accounts.services.internal import open_internal_accounts

Status = TillSession.Status


def open_session(*, teller: User, currency: str, float_minor: int, now: datetime) -> TillSession:
    """Open the teller's till, and its account for cash, inside the caller's transaction; the float is the caller's to move.

    Raises TillOpenAlready, CurrencyUnknown.
    """
    assert connection.in_atomic_block, "a till and its float stand or fall together"
    number = numbers.till_of(teller.pk, currency)
    open_internal_accounts(numbers=[number], now=now)
    # A second opening waits here, then finds the first; suspense of the currency is what closing the day locks.
    account = ledger.lock(numbers=[number, numbers.suspense(currency)]).accounts[number]
    if TillSession.objects.filter(account_id=account.id).exclude(status=Status.CLOSED).exists():
        raise TillOpenAlready(till=number)
    Account.objects.filter(id=account.id).update(status=Account.Status.OPEN, closed_at=None)
    session = TillSession.objects.create(
        account_id=account.id, teller=teller, float_minor=float_minor, opened_at=now, opened_seq=account.last_seq
    )
    audit.record(actor=teller, action="till.opened", subject=number, after={"float_minor": float_minor}, now=now)
    return session


def lock_session(*, till: str) -> tuple[TillSession, ledger.AccountState]:
    """Return the session that is not over, and its account, both as they are under the account's lock; raises TillNotOpen.

    Suspense is locked with it: a difference will be booked there, and accounts are locked in one order.
    """
    found = numbers.parse(till)
    if found is None or found.kind != numbers.Kind.TILL:
        raise TillNotOpen(till=till[:34])
    account = ledger.lock(numbers=[till, numbers.suspense(found.currency)]).accounts.get(till)
    session = TillSession.objects.filter(account__number=till).exclude(status=Status.CLOSED).first()
    if account is None or session is None:
        raise TillNotOpen(till=till)
    return session, account


def record_count(
    *,
    session: TillSession,
    account: ledger.AccountState,
    counted_minor: int,
    adjustment: UUID | None,
    explanation: str,
    by: User,
    now: datetime,
) -> None:
    """Write what was counted in the locked till beside what its postings say; a difference names the adjustment that will book it."""
    values = {
        "status": Status.COUNTED,
        "counted_minor": counted_minor,
        "expected_minor": -account.balance,
        "counted_seq": account.last_seq,
        "counted_at": now,
        "counted_by_id": by.pk,
        "explanation": explanation,
        "adjustment": adjustment,
    }
    _change(session, values)
    after = {"counted_minor": counted_minor, "expected_minor": -account.balance, "adjustment": str(adjustment) if adjustment else None}
    audit.record(actor=by, action="till.counted", subject=account.number, after=after, reason=explanation, now=now)


def end_session(*, session: TillSession, account: ledger.AccountState, by: User, now: datetime) -> None:
    """Close a counted till and its account, whose cash was handed back: the database refuses to close one that is not empty."""
    Account.objects.filter(id=account.id).update(status=Account.Status.CLOSED, closed_at=now)
    _change(session, {"status": Status.CLOSED, "closed_at": now})
    audit.record(actor=by, action="till.closed", subject=account.number, after={"counted_minor": session.counted_minor}, now=now)


def _change(session: TillSession, values: Mapping[str, Any]) -> None:
    """Write the values of a session whose account is locked, and show them on the session at hand."""
    TillSession.objects.filter(id=session.id).update(**values)
    for name, value in values.items():
        setattr(session, name, value)
