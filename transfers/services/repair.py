"""Repairing a difference with another bank: always asked by one person and decided by a second; never done by itself."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from access import approvals
from access.errors import DomainError
from access.models import User
from access.permissions import require
from access.retry import joining
from access.site import this_bank
from messaging import outbox
from messaging.partitions import partition_of
from messaging.selectors import peers
from transfers import comparing, errors, permissions, rules, storage
from transfers.events import REQUESTED, TransfersRequested
from transfers.models import Break, Transfer
from transfers.orders import Adjustment
from transfers.reconciliations import found_of
from transfers.services.submit import submit

ASK_AGAIN = "break.ask-again"


def ask_repair(*, break_id: int, by: User, reason: str, now: datetime) -> None:
    """Ask a second person to put a break right: by an adjustment, or by asking the other bank for the transfer once more.

    Raises NotAllowed, ReasonMissing, BreakUnknown, NothingToRepair, and what refuses the adjustment.
    """
    require(by=by, permission=permissions.REPAIR, reason=reason)

    def work() -> None:
        with transaction.atomic():
            difference = _lock_open(break_id)
            found = found_of(difference)
            parties = {"origin": difference.origin_bank, "destination": difference.destination_bank}
            booking = comparing.booking(found, currency=difference.currency, **parties)
            us = this_bank().code
            if comparing.asks_again(found) and difference.origin_bank == us:
                facts = {"transfer": str(found.id), "why": comparing.explanation(found, **parties), **_deadline(difference, now=now)}
                approvals.ask(action=ASK_AGAIN, subject=f"break:{break_id}", facts=facts, reason=reason, by=by, now=now)
            elif booking is not None and booking.at == us:
                _adjust(difference, booking, by=by, reason=reason, now=now)
            else:
                raise errors.NothingToRepair(why=comparing.explanation(found, **parties))

    joining(work)


def ask_again(*, approval_id: UUID, by: User, reason: str = "", now: datetime) -> None:
    """Send the order of a transfer that the other bank does not know once more; it decides it as if it had never come.

    Beyond its deadline it is rejected there, which is another answer than this bank had: both banks then see it, and nothing moves here.
    Raises NotAllowed, ApprovalNotWaiting, OwnApproval, NothingToRepair.
    """

    def work() -> None:
        with transaction.atomic():
            approval = approvals.agree(approval_id, ASK_AGAIN, permission=permissions.APPROVE, by=by, reason=reason, now=now)
            difference = _lock_open(int(approval.subject.removeprefix("break:")))
            _deadline(difference, now=now)
            entry = storage.lock([difference.origin_id])[difference.origin_id]
            peer = peers(codes=[difference.destination_bank])[difference.destination_bank]
            draft = outbox.Draft(
                destination=peer.code,
                partition=partition_of(entry.creditor_number, peer.partitions),
                type=REQUESTED,
                data=TransfersRequested(transfers=(rules.order_of(entry),)),
                is_request=False,  # the transfer has ended here: nothing waits for the answer
            )
            outbox.enqueue_each(messages=[draft], now=now)

    joining(work)


def _deadline(difference: Break, *, now: datetime) -> dict[str, str]:
    """Return until when the order of a transfer of ours counts, in words for whoever agrees to send it again; raises NothingToRepair."""
    until = Transfer.objects.filter(id=difference.origin_id).values_list("expires_at", flat=True).first()
    if until is None:
        raise errors.NothingToRepair(why="The order was lost with this bank's database and is known from the other bank's list alone.")
    over = f"It is over: {difference.destination_bank} would reject it. An adjustment gives the money back." if until <= now else ""
    return {"deadline": until.isoformat(), "over": over} if over else {"deadline": until.isoformat()}


def _adjust(difference: Break, booking: comparing.Booking, *, by: User, reason: str, now: datetime) -> None:
    """Enter the adjustment, which waits for its second person as every adjustment does."""
    order = Adjustment(debit=booking.debit, credit=booking.credit, amount=booking.amount, reason=reason)
    outcome = submit(orders=[order], by=by, now=now)[0]
    if isinstance(outcome, DomainError):
        raise outcome
    Break.objects.filter(id=difference.id).update(repair_id=outcome.transfer_id)


def _lock_open(break_id: int) -> Break:
    """Return the break, locked, unless it is over or being repaired."""
    difference = Break.objects.select_for_update(no_key=True).filter(id=break_id).first()
    if difference is None:
        raise errors.BreakUnknown(difference=break_id)
    if difference.ended_at is not None:
        raise errors.NothingToRepair(why="A later comparison did not find it any more.")
    status = Transfer.objects.filter(id=difference.repair_id).values_list("status", flat=True).first() if difference.repair_id else None
    if status not in {None, "refused"}:
        raise errors.NothingToRepair(why=f"Its repair is the adjustment {difference.repair_id}, which is {status}.")
    return difference
