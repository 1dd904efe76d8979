"""What a second person's word sets in motion: each kind of question leads to the service that asked it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

import access.permissions
import access.services
import accounts.permissions
import accounts.services
import headbank.permissions
import headbank.services
import messaging.permissions
import messaging.services
import transfers.permissions
import transfers.services
from access import approvals, selectors
from access.errors import ApprovalNotWaiting, ApprovalOutdated, DomainError
from access.models import Approval, User
from accounts.services.standing import RAISE_LIMIT, UNFREEZE
from transfers import rules
from transfers.services.closed_bank import ACTION as REFUND
from transfers.services.repair import ASK_AGAIN

Approve = Callable[..., object]


@dataclass(frozen=True, kw_only=True)
class Deed:
    """How a question is answered: `approve` does what was asked for, `refuse` frees what was held. Both check who may."""

    approve: Approve
    refuse: Callable[..., object]


def approve(*, approval_id: UUID, by: User, reason: str, now: datetime) -> DomainError | None:
    """Agree to a question and do what it asks for; return the refusal of an order that has become impossible meanwhile.

    Raises ApprovalUnknown, NotAllowed, ApprovalNotWaiting, OwnApproval, and what the deed itself raises.
    """
    approval = selectors.approval_by_id(approval_id=approval_id)
    outcome = _deed(approval).approve(approval_id=approval_id, by=by, reason=reason, now=now)
    return outcome if isinstance(outcome, DomainError) else None


def refuse(*, approval_id: UUID, by: User, reason: str, now: datetime) -> None:
    """Say no to a question; raises ApprovalUnknown, NotAllowed, ApprovalNotWaiting, OwnApproval, ReasonMissing."""
    _deed(selectors.approval_by_id(approval_id=approval_id)).refuse(approval_id=approval_id, by=by, reason=reason, now=now)


def actions() -> list[str]:
    """Return everything that a second person can be asked."""
    return sorted([*rules.APPROVALS.values(), *_DEEDS])


def _deed(approval: Approval) -> Deed:
    """Return what a question is about."""
    if approval.subject.startswith("transfer:"):
        return _TRANSFER
    return _DEEDS[approval.action]


def _holding_nothing(approve: Approve, *, permission: str) -> Deed:
    """Return the deed of a question whose refusal frees nothing."""

    def refuse(*, approval_id: UUID, by: User, reason: str, now: datetime) -> None:
        with transaction.atomic():
            approvals.refuse(approval_id, *_DEEDS, permission=permission, by=by, reason=reason, now=now)

    return Deed(approve=approve, refuse=refuse)


def _second_word(service: Callable[..., object], *names: str, **facts: str) -> Approve:
    """Return the approval of a question whose service is called by both persons alike, the second of whom decides.

    Its arguments are the numbers of the subject by `names`, and of `facts` those that are named.
    """

    def approve(*, approval_id: UUID, by: User, reason: str, now: datetime) -> None:
        approval = selectors.approval_by_id(approval_id=approval_id)
        subject = dict(zip(names, map(int, approval.subject.split(":")[1:] if names else ()), strict=False))
        named = {argument: approval.facts.get(fact) for argument, fact in facts.items()}
        with transaction.atomic():
            if approval.status != Approval.Status.WAITING:
                raise ApprovalNotWaiting(approval=str(approval_id), status=approval.status)
            if not service(by=by, reason=reason, now=now, **subject, **named):
                raise ApprovalOutdated(approval=str(approval_id))

    return approve


_TRANSFER = Deed(approve=transfers.services.approve_transfer, refuse=transfers.services.refuse_transfer)
_USERS, _LETTERS = access.permissions.MANAGE_USERS, messaging.permissions.DECIDE_DEAD_LETTER
_DEEDS: Mapping[str, Deed] = {
    access.services.GIVE_ROLES: _holding_nothing(access.services.give_roles, permission=_USERS),
    access.services.GIVE_WHOLE_BANK: _holding_nothing(access.services.give_whole_bank, permission=_USERS),
    access.services.RAISE_LIMITS: _holding_nothing(access.services.raise_limits, permission=access.permissions.LIMIT_CLIENT),
    UNFREEZE: _holding_nothing(accounts.services.unfreeze_account, permission=accounts.permissions.UNFREEZE_ACCOUNT),
    RAISE_LIMIT: _holding_nothing(accounts.services.raise_credit_limit, permission=accounts.permissions.LIMIT_ACCOUNT),
    REFUND: _holding_nothing(transfers.services.refund_closed_bank, permission=transfers.permissions.APPROVE),
    ASK_AGAIN: _holding_nothing(transfers.services.ask_again, permission=transfers.permissions.APPROVE),
    headbank.services.BOOK: Deed(approve=headbank.services.approve_settlement, refuse=headbank.services.refuse_settlement),
    **dict.fromkeys(
        headbank.services.ACTIONS,
        _holding_nothing(headbank.services.approve_request, permission=headbank.permissions.MANAGE_BANKS),
    ),
    "recovery.end": _holding_nothing(
        _second_word(transfers.services.end_recovery, without_lists="without_lists"), permission=messaging.permissions.END_RECOVERY
    ),
    messaging.services.SKIP: _holding_nothing(_second_word(messaging.services.skip_record, "partition", "offset"), permission=_LETTERS),
    messaging.services.DISCARD_GROUP: _holding_nothing(
        _second_word(messaging.services.discard_dead_letters, group="group", sender="bank"), permission=_LETTERS
    ),
    "dead-letter.redrive": _holding_nothing(_second_word(messaging.services.redrive_dead_letter, "letter_id"), permission=_LETTERS),
    "dead-letter.discard": _holding_nothing(_second_word(messaging.services.discard_dead_letter, "letter_id"), permission=_LETTERS),
}
