"""Giving back what a bank that closed for good will never decide (protocol rule 8)."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from access import approvals
from access.models import User
from access.permissions import require
from access.retry import joining
from messaging.selectors import all_peers, peer
from transfers import errors, permissions, rules, selectors, storage
from transfers.services.finish import close, give_back

ACTION = "closed-bank.refund"
PORTION = 1_000


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
    """Refund what is pending to the closed bank the approval is about, the first PORTION at once; return how many. `refund_due` goes on.

    The one case in which a pending transfer ends without its destination's word: its keys are revoked, so it can never speak again.
    Raises NotAllowed, ApprovalNotWaiting, OwnApproval.
    """

    def work() -> int:
        with transaction.atomic():
            approval = approvals.agree(approval_id, ACTION, permission=permissions.APPROVE, by=by, reason=reason, now=now)
            return _refund(approval.subject.removeprefix("bank:"), limit=PORTION, now=now)

    return joining(work)


def refund_due(*, now: datetime, limit: int) -> int:
    """Refund more of what is pending to closed banks and two persons agreed to; return how many. Safe to repeat and beside another."""
    done = 0
    for bank in [each.code for each in all_peers() if each.status == "closed"]:
        if selectors.pending_to(bank=bank) and approvals.is_agreed(subject=f"bank:{bank}", action=ACTION):
            with transaction.atomic():
                done += _refund(bank, limit=limit - done, now=now)
    return done


def _refund(bank: str, *, limit: int, now: datetime) -> int:
    """Give back the first of what is pending to a bank, in the transaction at hand; return how many."""
    entries = list(storage.lock_pending_to(bank=bank, limit=limit).values())
    for entry in entries:
        entry.status, entry.reason, entry.settled_at = rules.REJECTED, errors.BankClosed.code, now
    give_back(entries, now=now)
    close(entries, now=now)
    return len(entries)
