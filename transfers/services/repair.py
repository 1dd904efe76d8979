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
from messaging.selectors import PeerRow, peers
from transfers import comparing, errors, permissions, rules, storage
from transfers.entry import Entry
from transfers.events import CANCEL_REQUESTED, REQUESTED, TransfersCancelRequested, TransfersRequested
from transfers.models import Break, Transfer
from transfers.orders import Adjustment
from transfers.reconciliations import found_of
from transfers.services.submit import submit

ASK_AGAIN = "break.ask-again"


def ask_repair(*, break_id: int, by: User, reason: str, now: datetime) -> None:
    """Ask a second person to put a break right: by an adjustment, or by asking the other bank for the transfer or its cancelling.

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
                until, why = _deadline(difference), comparing.explanation(found, **parties)
                facts = {"transfer": str(found.id), "why": why, "deadline": until.isoformat()}
                if until <= now and found.at_origin.outcome != rules.REJECTED:
                    facts["over"] = f"It is over: {difference.destination_bank} would reject it. An adjustment gives the money back."
                approvals.ask(action=ASK_AGAIN, subject=f"break:{break_id}", facts=facts, reason=reason, by=by, now=now)
            elif booking is not None and booking.at == us:
                _adjust(difference, booking, by=by, reason=reason, now=now)
            else:
                raise errors.NothingToRepair(why=comparing.explanation(found, **parties))

    joining(work)


def ask_again(*, approval_id: UUID, by: User, reason: str = "", now: datetime) -> None:
    """Send the order of a transfer that the other bank does not know once more; it decides it as if it had never come.

    Beyond its deadline it is rejected there, which is another answer than this bank had: both banks then see it, and nothing moves here.
    Where the money was given back, the other bank is asked to cancel it instead: it must not be credited any more.
    Raises NotAllowed, ApprovalNotWaiting, OwnApproval, NothingToRepair.
    """

    def work() -> None:
        with transaction.atomic():
            approval = approvals.agree(approval_id, ASK_AGAIN, permission=permissions.APPROVE, by=by, reason=reason, now=now)
            difference = _lock_open(int(approval.subject.removeprefix("break:")))
            _deadline(difference)
            entry = storage.lock([difference.origin_id])[difference.origin_id]
            peer = peers(codes=[difference.destination_bank])[difference.destination_bank]
            outbox.enqueue_each(messages=[_question(entry, peer)], now=now)

    joining(work)


def _question(entry: Entry, peer: PeerRow) -> outbox.Draft:
    """Return the order once more, or the wish to cancel it where the money was given back."""
    orders = (rules.order_of(entry),)
    is_given_back = rules.OUTCOME_OF_STATUS.get(entry.status) == rules.REJECTED
    key = str(entry.origin_id) if is_given_back else entry.creditor_number
    return outbox.Draft(
        destination=peer.code,
        partition=partition_of(key, peer.partitions),
        type=CANCEL_REQUESTED if is_given_back else REQUESTED,
        data=TransfersCancelRequested(transfers=orders) if is_given_back else TransfersRequested(transfers=orders),
        is_request=False,  # the transfer has ended here: nothing waits for the answer
    )


def _deadline(difference: Break) -> datetime:
    """Return until when the order of a transfer of ours counts; raises NothingToRepair where it is not known any more."""
    until = Transfer.objects.filter(id=difference.origin_id).values_list("expires_at", flat=True).first()
    if until is None:
        raise errors.NothingToRepair(why="The order was lost with this bank's database and is known from the other bank's list alone.")
    return until


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
