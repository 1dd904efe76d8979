"""Giving back what a bank that closed for good will never decide (protocol rule 8)."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from access import approvals
from access.models import User
from access.permissions import require
from access.retry import joining
from messaging.selectors import peer
from transfers import errors, permissions, rules, selectors, storage
from transfers.services.finish import close, give_back

ACTION = "closed-bank.refund"


def ask_refund_of_closed_bank(*, bank: str, by: User, reason: str, now: datetime) -> UUID:
    """Ask a second person to refund what is pending to a closed bank; return the approval's id.

    Raises NotAllowed, ReasonMissing, NothingToRefund.
    """
    require(by=by, permission=permissions.APPROVE, reason=reason)
    known = peer(code=bank)
    pending = selectors.pending_to(bank=bank)
    if known is None or known.status != "closed" or not pending:
        raise errors.NothingToRefund(bank=bank)
    with transaction.atomic():
        return approvals.ask(action=ACTION, subject=f"bank:{bank}", facts={"pending": pending}, reason=reason, by=by, now=now)


def refund_closed_bank(*, approval_id: UUID, by: User, reason: str = "", now: datetime) -> int:
    """Refund every transfer still pending to the closed bank the approval is about; return how many.

    The one case in which a pending transfer ends without its destination's word: its keys are revoked, so it can never speak again.
    Raises NotAllowed, ApprovalNotWaiting, OwnApproval.
    """

    def work() -> int:
        with transaction.atomic():
            approval = approvals.agree(approval_id, ACTION, permission=permissions.APPROVE, by=by, reason=reason, now=now)
            entries = list(storage.lock_pending_to(bank=approval.subject.removeprefix("bank:")).values())
            for entry in entries:
                entry.status, entry.reason, entry.settled_at = rules.REJECTED, errors.BankClosed.code, now
            give_back(entries, now=now)
            close(entries, now=now)
            return len(entries)

    return joining(work)
