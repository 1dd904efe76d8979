"""Questions to a second person: asked inside the deed that waits, decided once, never by who asked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

from access import audit, sets
from access.errors import ApprovalNotWaiting, ApprovalOutdated, OwnApproval
from access.models import Approval, User
from access.permissions import require

Status = Approval.Status


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a second person is asked: may `action` be done to `subject`; `facts` (plain JSON) to judge by, `reason` why it is asked."""

    action: str
    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


def ask(*, action: str, subject: str, facts: Mapping[str, Any], reason: str, by: User, now: datetime) -> UUID:
    """Ask one question inside the caller's transaction; return the approval's id."""
    return ask_each(questions=[Question(action=action, subject=subject, facts=facts, reason=reason)], by=by, now=now)[0]


def ask_each(*, questions: Sequence[Question], by: User, now: datetime) -> list[UUID]:
    """Ask all questions in one statement inside the caller's transaction; return the approvals' ids in the questions' order."""
    assert connection.in_atomic_block, "a question is asked in the transaction that waits for its answer"
    ids = [uuid7() for _ in questions]
    rows = [
        (approval_id, question.action, question.subject, dict(question.facts), question.reason, by.pk, now)
        for approval_id, question in zip(ids, questions, strict=True)
    ]
    sets.execute(sets.Insert(model=Approval, fields=("id", "action", "subject", "facts", "reason", "asked_by_id", "asked_at"), rows=rows))
    return ids


def agree(approval_id: UUID, *actions: str, permission: str, by: User, reason: str, now: datetime) -> Approval:
    """Say yes to a question about one of the actions inside the caller's transaction, which then does the deed; return it as decided.

    A question about anything else is not decided: its own service has to do its deed. Locks the waiting row first.
    Raises NotAllowed, ApprovalNotWaiting, OwnApproval.
    """
    require(by=by, permission=permission)
    return _decide(approval_id, Status.APPROVED, actions, by=by, reason=reason, now=now)


def refuse(approval_id: UUID, *actions: str, permission: str, by: User, reason: str, now: datetime) -> Approval:
    """Say no, and why, inside the caller's transaction, which frees what was held; as `agree`. Raises ReasonMissing besides."""
    require(by=by, permission=permission, reason=reason)
    return _decide(approval_id, Status.REFUSED, actions, by=by, reason=reason, now=now)


def require_unchanged(approval: Approval, **now: object) -> None:
    """Raise ApprovalOutdated unless what is there now is what the question's facts of these names say was there when it was asked."""
    if not now.items() <= approval.facts.items():  # a fact that an older question lacks was not said, either
        raise ApprovalOutdated(approval=str(approval.id))


def end_waiting(*, subject: str, action: str, now: datetime) -> int:
    """End every question that waits about this, because what it was about has changed; return how many."""
    waiting = Approval.objects.filter(subject=subject, action=action, status=Status.WAITING).values_list("id", flat=True)
    return len(expire_each(approval_ids=list(waiting), now=now))


def is_agreed(*, subject: str, action: str) -> bool:
    """Return whether a second person ever agreed to a question of this kind about the subject."""
    return Approval.objects.filter(subject=subject, action=action, status=Status.APPROVED).exists()


def expire_each(*, approval_ids: Collection[UUID], now: datetime) -> list[UUID]:
    """End those of the questions that still wait, inside the caller's transaction; return their ids, the rest was decided by somebody."""
    assert connection.in_atomic_block, "an expiry and what it frees stand or fall together"
    waiting = Approval.objects.filter(id__any=list(approval_ids), status=Status.WAITING).order_by("id")
    expired = list(waiting.select_for_update(no_key=True).values_list("id", flat=True))
    sets.execute(
        sets.Update(
            model=Approval,
            sets=("status", "decided_at"),
            rows=[(approval_id, Status.EXPIRED, now) for approval_id in expired],
            guard={"status": Status.WAITING},
        )
    )
    return expired


def _decide(approval_id: UUID, status: Status, actions: Collection[str], *, by: User, reason: str, now: datetime) -> Approval:
    assert connection.in_atomic_block, "a decision and its deed stand or fall together"
    approval = _lock_waiting(approval_id)
    if approval.action not in actions:
        raise ApprovalNotWaiting(approval=str(approval_id), status="about something else")
    if approval.asked_by_id == by.pk:
        raise OwnApproval(approval=str(approval_id))
    approval.status, approval.decided_by, approval.decided_at, approval.decision_reason = status, by, now, reason
    _write(approval, by=by, now=now)
    return approval


def _write(approval: Approval, *, by: User, now: datetime) -> None:
    """Write a decision and its evidence, if the question still waits."""
    event = audit.Event(
        actor=by,
        action=f"{approval.action}.{approval.status}",
        subject=approval.subject,
        at=now,
        before={"approval": str(approval.id), "status": Status.WAITING},
        after={"approval": str(approval.id), "status": approval.status},
        reason=approval.decision_reason,
    )
    sets.execute(
        sets.Update(
            model=Approval,
            sets=("status", "decided_by_id", "decided_at", "decision_reason"),
            rows=[(approval.id, approval.status, by.pk, now, approval.decision_reason)],
            guard={"status": Status.WAITING},
        ),
        audit.insert([event]),
    )


def _lock_waiting(approval_id: UUID) -> Approval:
    """Return the waiting question with its row locked; raise ApprovalNotWaiting with what became of it."""
    locked = Approval.objects.select_for_update(no_key=True).filter(id=approval_id, status=Status.WAITING).first()
    if locked is None:
        status = Approval.objects.filter(id=approval_id).values_list("status", flat=True).first()
        raise ApprovalNotWaiting(approval=str(approval_id), status=status or "unknown")
    return locked
