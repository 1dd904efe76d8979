"""The endpoints that need more than one app: questions for a second person."""

from typing import Annotated
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access import selectors
from access.errors import ApprovalNotWaiting, ApprovalOutdated, ApprovalUnknown, OwnApproval, OwnUser, ReasonMissing
from access.permissions import VIEW_APPROVALS
from access.rest import Endpoint, Page, Problem, operation, page_of, position, read_body, read_query, user_of
from access.rest.pages import Cursor, Limit
from access.selectors import WaitingApproval
from accounts.errors import AccountClosed, AccountNotFrozen, AccountUnknown, LimitInUse
from banksite import approvals
from banksite.problems import problem_of

DECIDING = (ApprovalUnknown, ApprovalNotWaiting, ApprovalOutdated, OwnApproval, ReasonMissing)
APPROVING = (*DECIDING, OwnUser, AccountUnknown, AccountClosed, AccountNotFrozen, LimitInUse)


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A second person's words; a refusal needs some."""

    reason: Annotated[str, Meta(max_length=200)] = ""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a question; `refusal` says why an order that was approved could not be carried out any more."""

    id: UUID
    status: str
    refusal: Problem | None = None


class WaitingQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the waiting questions."""

    cursor: Cursor | None = None
    limit: Limit = 50


class WaitingApprovals(Page[WaitingApproval], frozen=True, kw_only=True):
    """Questions that nobody has decided yet, oldest first."""


class Waiting(Endpoint):
    """`approvals`."""

    needs = {"GET": VIEW_APPROVALS}

    @operation(
        id="approvals_waiting",
        summary="What waits for a second person",
        tag="approvals",
        query=WaitingQuery,
        answers={200: WaitingApprovals},
    )
    def get(self, request: Request) -> Response:
        """List the questions nobody has decided yet, oldest first."""
        query = read_query(request, WaitingQuery)
        rows = selectors.waiting(by=user_of(request), after=position(query.cursor, UUID), limit=query.limit + 1)
        return Response(page_of(rows, limit=query.limit, key=lambda row: row.id))


class Approve(Endpoint):
    """`approvals/{id}/approve`."""

    needs = {"POST": VIEW_APPROVALS}

    @operation(
        id="approvals_approve", summary="Agree", tag="approvals", body=Decision, answers={200: Decided}, is_kept=True, refuses=APPROVING
    )
    def post(self, request: Request, approval_id: UUID) -> Response:
        """Agree to what somebody else asked for, which is done at once. It takes the permission for the deed itself."""
        reason, by = read_body(request, Decision).reason, user_of(request)

        def effect() -> tuple[int, Decided]:
            refusal = approvals.approve(approval_id=approval_id, by=by, reason=reason, now=timezone.now())
            return 200, Decided(id=approval_id, status="approved", refusal=problem_of(refusal) if refusal else None)

        return self.once(request, effect)


class Refuse(Endpoint):
    """`approvals/{id}/refuse`."""

    needs = {"POST": VIEW_APPROVALS}

    @operation(
        id="approvals_refuse", summary="Say no", tag="approvals", body=Decision, answers={200: Decided}, is_kept=True, refuses=DECIDING
    )
    def post(self, request: Request, approval_id: UUID) -> Response:
        """Say no to what somebody else asked for, with a reason."""
        reason, by = read_body(request, Decision).reason, user_of(request)

        def effect() -> tuple[int, Decided]:
            approvals.refuse(approval_id=approval_id, by=by, reason=reason, now=timezone.now())
            return 200, Decided(id=approval_id, status="refused")

        return self.once(request, effect)
