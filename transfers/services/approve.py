"""Deciding about transfers that wait for a second person (protocol rule 7)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from access import approvals
from access.errors import DomainError
from access.models import Approval, User
from access.retry import joining, retrying
from access.site import this_bank
from accounts import ledger
from messaging.selectors import PeerRow, peers
from transfers import errors, permissions, rules, selectors, storage
from transfers.entry import Entry
from transfers.orders import Accepted
from transfers.services.clearing import lock_with_clearing
from transfers.services.send import announce

DECIDED = ("status", "reason", "message", "expires_at", "settled_at")


def approve_transfer(*, approval_id: UUID, by: User, reason: str = "", now: datetime) -> Accepted | DomainError:
    """Release the hold and judge the order anew: it is booked, or refused for good and the refusal returned.

    Raises NotAllowed, ApprovalNotWaiting, OwnApproval.
    """

    def work() -> Accepted | DomainError:
        with transaction.atomic():
            entry = _decided(approvals.agree, approval_id, by=by, reason=reason, now=now)
            return _book(entry, now=now)

    return joining(work)


def refuse_transfer(*, approval_id: UUID, by: User, reason: str, now: datetime) -> None:
    """Refuse the order for good and free what was held. Raises NotAllowed, ApprovalNotWaiting, OwnApproval, ReasonMissing."""

    def work() -> None:
        with transaction.atomic():
            entry = _decided(approvals.refuse, approval_id, by=by, reason=reason, now=now)
            _refuse([entry], errors.ApprovalRefused(), now=now)

    joining(work)


def expire_approvals(*, now: datetime, limit: int = 1000) -> int:
    """Refuse orders nobody decided in time and free what was held; return how many. Safe to run twice and beside people who decide."""

    def work() -> int:
        with transaction.atomic():
            overdue = storage.awaiting_beyond(now=now, limit=limit)
            expired = set(approvals.expire_each(approval_ids=list(overdue), now=now))
            entries = storage.lock([overdue[approval] for approval in expired], status=rules.AWAITING)
            _refuse(list(entries.values()), errors.ApprovalExpired(), now=now)
            return len(entries)

    return retrying(work)


def _decided(decide: Callable[..., Approval], approval_id: UUID, *, by: User, reason: str, now: datetime) -> Entry:
    """Decide the question and return the transfer it is about, locked while it still waits."""
    approval = decide(approval_id, *rules.APPROVALS.values(), permission=permissions.APPROVE, by=by, reason=reason, now=now)
    transfer_id = UUID(approval.subject.removeprefix("transfer:"))
    return storage.lock([transfer_id], status=rules.AWAITING)[transfer_id]


def _book(entry: Entry, *, now: datetime) -> Accepted | DomainError:
    """Book what was approved; what has become impossible since is refused, and that refusal stands."""
    known = peers(codes=[entry.destination_bank, entry.origin_bank]) if entry.kind == "outgoing" else {}
    refusal = _too_late(entry, known.get(entry.destination_bank), now=now) or _beyond_cap(entry, known.get(entry.origin_bank))
    release = [ledger.Release(hold_id=entry.hold)] if entry.hold else []
    moves = [] if refusal else rules.booking(entry, group=entry.id)
    outcomes = ledger.post(steps=[*release, *moves], booked_at=now, locked=lock_with_clearing([entry], now=now))
    released, booked = outcomes[: len(release)], outcomes[len(release) :]
    assert all(isinstance(outcome, ledger.Posted) for outcome in released), f"a hold that waits ends only here: {released}"
    refusal = refusal or next((outcome for outcome in booked if isinstance(outcome, DomainError)), None)
    if refusal:
        entry.status, entry.reason, entry.settled_at = "refused", refusal.code, now
    elif entry.kind == "outgoing":
        entry.status, entry.expires_at = rules.PENDING, now + timedelta(seconds=this_bank().transfer_valid_s)
    else:
        entry.status, entry.settled_at = rules.COMPLETED, now
    storage.change([entry], was=rules.AWAITING, fields=DECIDED, now=now, announce=announce([entry], peers=known, now=now))
    return refusal or Accepted(entry.id, entry.kind, entry.status)


def _too_late(entry: Entry, peer: PeerRow | None, *, now: datetime) -> DomainError | None:
    """Refuse what waited for longer than an approval is valid, and what would go to a bank that takes nothing new by now."""
    if entry.expires_at is not None and entry.expires_at <= now:
        return errors.ApprovalExpired()
    if entry.kind != "outgoing":
        return None
    return rules.refuse_peer(bank=entry.destination_bank, status=peer.status if peer else None)


def _beyond_cap(entry: Entry, own: PeerRow | None) -> DomainError | None:
    """Refuse what would lead above the cap of this bank's debts by now."""
    cap = selectors.debit_caps(bank=own).get(entry.currency)
    return cap.refuse(amount_minor=entry.amount_minor) if cap else None


def _refuse(entries: Sequence[Entry], refusal: DomainError, *, now: datetime) -> None:
    """Free what was held for the transfers and refuse them for good."""
    ledger.post(steps=[ledger.Release(hold_id=entry.hold) for entry in entries if entry.hold], booked_at=now)
    for entry in entries:
        entry.status, entry.reason, entry.settled_at = "refused", refusal.code, now
    storage.change(entries, was=rules.AWAITING, fields=DECIDED, now=now)
