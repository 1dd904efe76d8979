"""What a second person's word sets in motion: each kind of question leads to the service that asked it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

import access.permissions
import access.services
import accounts.services
import headbank.services
import messaging.permissions
import messaging.services
import transfers.permissions
import transfers.services
from access import approvals, selectors
from access.errors import ApprovalNotWaiting, DomainError
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


def _only_decide(permission: str) -> Callable[..., Approval]:
    """Return the refusal of a question that holds nothing."""

    def refuse(*, approval_id: UUID, by: User, reason: str, now: datetime) -> Approval:
        with transaction.atomic():
            return approvals.decide(approval_id=approval_id, approve=False, by=by, reason=reason, now=now, permission=permission)

    return refuse


def _second_word(service: Callable[..., bool], *names: str) -> Approve:
    """Return the approval of a question whose service is called by both persons alike, the second of whom decides."""

    def approve(*, approval_id: UUID, by: User, reason: str, now: datetime) -> None:
        approval = selectors.approval_by_id(approval_id=approval_id)
        subject = int(approval.subject.rpartition(":")[2])
        with transaction.atomic():
            if approval.status != Approval.Status.WAITING or not service(by=by, reason=reason, now=now, **dict.fromkeys(names, subject)):
                raise ApprovalNotWaiting(approval=str(approval_id), status=approval.status)

    return approve


def _by_messaging(permission: str, service: Callable[..., bool], *names: str) -> Deed:
    return Deed(approve=_second_word(service, *names), refuse=_only_decide(permission))


_TRANSFER = Deed(approve=transfers.services.approve_transfer, refuse=transfers.services.refuse_transfer)
_DEEDS: Mapping[str, Deed] = {
    access.services.GIVE_ROLES: Deed(approve=access.services.give_roles, refuse=access.services.refuse_roles),
    access.services.GIVE_WHOLE_BANK: Deed(
        approve=access.services.give_whole_bank,
        refuse=_only_decide(access.permissions.MANAGE_USERS),
    ),
    UNFREEZE: Deed(
        approve=accounts.services.unfreeze_account,
        refuse=accounts.services.refuse_request,
    ),
    RAISE_LIMIT: Deed(
        approve=accounts.services.raise_credit_limit,
        refuse=accounts.services.refuse_request,
    ),
    REFUND: Deed(
        approve=transfers.services.refund_closed_bank,
        refuse=_only_decide(transfers.permissions.APPROVE),
    ),
    ASK_AGAIN: Deed(
        approve=transfers.services.ask_again,
        refuse=_only_decide(transfers.permissions.APPROVE),
    ),
    headbank.services.BOOK: Deed(approve=headbank.services.approve_settlement, refuse=headbank.services.refuse_settlement),
    **dict.fromkeys(
        headbank.services.ACTIONS,
        Deed(approve=headbank.services.approve_request, refuse=headbank.services.refuse_request),
    ),
    "recovery.end": _by_messaging(messaging.permissions.END_RECOVERY, transfers.services.end_recovery),
    "dead-letter.redrive": _by_messaging(messaging.permissions.DECIDE_DEAD_LETTER, messaging.services.redrive_dead_letter, "letter_id"),
    "dead-letter.discard": _by_messaging(messaging.permissions.DECIDE_DEAD_LETTER, messaging.services.discard_dead_letter, "letter_id"),
}
