"""An account's standing: frozen, unfrozen, closed, its credit limit; what lets more leave needs a second person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from access import approvals, audit
from access.models import User
from access.permissions import require
from accounts import permissions
from accounts.errors import AccountFrozen, AccountNotEmpty, AccountNotFrozen, LimitInUse, LimitInvalid
from accounts.ledger import AccountState
from accounts.models import Account, Card
from accounts.money import MAX_AMOUNT_MINOR
from accounts.services.locking import lock_customer_account

Status = Account.Status
WITH_LIMIT = (Account.Kind.CHECKING, Account.Kind.CREDIT)
UNFREEZE, RAISE_LIMIT = "account.unfreeze", "account.raise-limit"


def freeze_account(*, number: str, reason: str, by: User, now: datetime) -> None:
    """Let nothing leave the account from now on.

    Raises NotAllowed, ReasonMissing, AccountUnknown, AccountInternal, AccountClosed, AccountFrozen when it is already.
    """
    require(by=by, permission=permissions.FREEZE_ACCOUNT, reason=reason)
    with transaction.atomic():
        approvals.end_waiting(subject=number, action=UNFREEZE, now=now)  # asked about an earlier freezing; approvals are locked first
        account = lock_customer_account(number=number)
        if account.status == Status.FROZEN:
            raise AccountFrozen(account=number)
        _change(account, {"status": Status.FROZEN}, action="account.frozen", by=by, reason=reason, now=now)


def ask_unfreeze(*, number: str, reason: str, by: User, now: datetime) -> UUID:
    """Ask a second person to unfreeze the account; return the approval.

    Raises NotAllowed, ReasonMissing, AccountUnknown, AccountInternal, AccountClosed, AccountNotFrozen.
    """
    require(by=by, permission=permissions.UNFREEZE_ACCOUNT, reason=reason)
    with transaction.atomic():
        account = lock_customer_account(number=number)
        if account.status != Status.FROZEN:
            raise AccountNotFrozen(account=number, status=account.status)
        return approvals.ask(action=UNFREEZE, subject=number, facts={"account": number}, reason=reason, by=by, now=now)


def unfreeze_account(*, approval_id: UUID, reason: str = "", by: User, now: datetime) -> None:
    """Agree to what `ask_unfreeze` asked and let money leave again.

    Raises NotAllowed, ApprovalNotWaiting, OwnApproval, AccountClosed, AccountNotFrozen.
    """
    with transaction.atomic():
        approval = approvals.agree(approval_id, UNFREEZE, permission=permissions.UNFREEZE_ACCOUNT, by=by, reason=reason, now=now)
        account = lock_customer_account(number=approval.facts["account"])
        if account.status != Status.FROZEN:
            raise AccountNotFrozen(account=account.number, status=account.status)
        _change(account, {"status": Status.OPEN}, action="account.unfrozen", by=by, reason=reason, now=now)


def set_credit_limit(*, number: str, limit_minor: int, reason: str, by: User, now: datetime) -> UUID | None:
    """Lower the limit at once, or ask a second person to raise it and return the approval.

    Raises NotAllowed, ReasonMissing, AccountUnknown, AccountInternal, AccountClosed, LimitInvalid, LimitInUse.
    """
    require(by=by, permission=permissions.LIMIT_ACCOUNT, reason=reason)
    with transaction.atomic():
        account = lock_customer_account(number=number)
        if account.kind not in WITH_LIMIT or not 0 <= limit_minor <= MAX_AMOUNT_MINOR:
            raise LimitInvalid(account=number, limit_minor=limit_minor, currency=account.currency)
        if -limit_minor < (account.floor or 0):
            facts = {"account": number, "limit_minor": limit_minor, "limit_now_minor": -(account.floor or 0), "currency": account.currency}
            return approvals.ask(action=RAISE_LIMIT, subject=number, facts=facts, reason=reason, by=by, now=now)
        _set_limit(account, limit_minor, by=by, reason=reason, now=now)
    return None


def raise_credit_limit(*, approval_id: UUID, reason: str = "", by: User, now: datetime) -> None:
    """Agree to the limit that `set_credit_limit` asked for.

    Raises NotAllowed, ApprovalNotWaiting, OwnApproval, ApprovalOutdated, AccountClosed, LimitInUse.
    """
    with transaction.atomic():
        approval = approvals.agree(approval_id, RAISE_LIMIT, permission=permissions.LIMIT_ACCOUNT, by=by, reason=reason, now=now)
        account = lock_customer_account(number=approval.facts["account"])
        approvals.require_unchanged(approval, limit_now_minor=-(account.floor or 0))
        _set_limit(account, approval.facts["limit_minor"], by=by, reason=reason, now=now)


def close_account(*, number: str, reason: str = "", by: User, now: datetime) -> None:
    """Close an empty account and block its cards, for good.

    Raises NotAllowed, AccountUnknown, AccountInternal, AccountClosed, AccountFrozen, AccountNotEmpty.
    """
    require(by=by, permission=permissions.CLOSE_ACCOUNT)
    with transaction.atomic():
        account = lock_customer_account(number=number)
        if account.status == Status.FROZEN:
            raise AccountFrozen(account=number)
        if account.balance or account.held:
            raise AccountNotEmpty(account=number, balance_minor=account.balance, held_minor=account.held, currency=account.currency)
        _change(account, {"status": Status.CLOSED, "closed_at": now}, action="account.closed", by=by, reason=reason, now=now)
        Card.objects.filter(account_id=account.id, status=Card.Status.ACTIVE).update(status=Card.Status.BLOCKED)


def _set_limit(account: AccountState, limit_minor: int, *, by: User, reason: str, now: datetime) -> None:
    used = account.held - account.balance
    if used > limit_minor:
        raise LimitInUse(account=account.number, limit_minor=limit_minor, used_minor=used, currency=account.currency)
    _change(account, {"floor_minor": -limit_minor}, action="account.limit-set", by=by, reason=reason, now=now)


def _change(account: AccountState, values: Mapping[str, Any], *, action: str, by: User, reason: str, now: datetime) -> None:
    """Write the new values of the locked account with their evidence."""
    Account.objects.filter(id=account.id).update(**values)
    before = {"status": account.status, "floor_minor": account.floor}
    after = before | {name: value for name, value in values.items() if name in before}
    audit.record(actor=by, action=action, subject=account.number, before=before, after=after, reason=reason, now=now)
