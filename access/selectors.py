"""What access shows: who somebody is, and the questions that wait for a second person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from access.errors import UserUnknown
from access.models import Approval, User


@dataclass(frozen=True, kw_only=True)
class WaitingApproval:
    """A question nobody has decided yet."""

    id: UUID
    action: str
    subject: str
    facts: Mapping[str, Any]
    reason: str
    asked_by: str
    asked_by_id: int
    asked_at: datetime


def waiting(*, after: UUID | None = None, limit: int = 50) -> list[WaitingApproval]:
    """Return the waiting questions, oldest first, from behind the one named by `after`."""
    rows = Approval.objects.filter(status=Approval.Status.WAITING).select_related("asked_by").order_by("id")
    page = rows.filter(id__gt=after) if after else rows
    return [
        WaitingApproval(
            id=row.id,
            action=row.action,
            subject=row.subject,
            facts=row.facts,
            reason=row.reason,
            asked_by=row.asked_by.get_username(),
            asked_by_id=row.asked_by_id,
            asked_at=row.asked_at,
        )
        for row in page[:limit]
    ]


def waiting_count() -> int:
    """Return how many questions wait."""
    return Approval.objects.filter(status=Approval.Status.WAITING).count()


def user_named(username: str) -> User:
    """Return the active user of this name; raise UserUnknown."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise UserUnknown(user=username)
    return user
