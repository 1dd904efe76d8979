"""Asking the other bank to cancel: it alone knows whether there is still something to cancel (protocol rule 2)."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from access import audit
from access.models import User
from access.permissions import require
from access.retry import joining
from accounts.selectors.reach import within_reach
from messaging import outbox
from messaging.partitions import partition_of
from messaging.selectors import peers
from transfers import errors, permissions, rules, storage
from transfers.entry import Entry
from transfers.events import CANCEL_REQUESTED, TransfersCancelRequested

ASKED = ("message", "cancel_asked_at", "sent_at")


def cancel_transfer(*, transfer_id: UUID, by: User, reason: str = "", now: datetime) -> None:
    """Ask the destination to cancel a pending transfer; its answer says whether it did. Asking twice asks once.

    From here on the cancel is what is repeated until answered, the bundle only while another of its transfers is pending.
    Raises NotAllowed, TransferUnknown (also for one of a customer for whom the user does not act), NotPending.
    """
    require(by=by, permission=permissions.CANCEL)

    def work() -> None:
        with transaction.atomic():
            entry = storage.lock([transfer_id]).get(transfer_id)
            if entry is None or not within_reach(user=by, numbers=[entry.debtor_number]):
                raise errors.TransferUnknown(transfer=str(transfer_id))
            if entry.kind != "outgoing" or entry.status != rules.PENDING:
                raise errors.NotPending(transfer=str(transfer_id), status=entry.status)
            if entry.cancel_asked_at is None:
                _ask(entry, by=by, reason=reason, now=now)

    joining(work)


def _ask(entry: Entry, *, by: User, reason: str, now: datetime) -> None:
    """Let a cancel that carries the whole order take the bundle's place."""
    assert entry.message is not None, "a pending transfer has a message that answers for it"
    bundle = entry.message
    peer = peers(codes=[entry.destination_bank])[entry.destination_bank]
    cancel = outbox.Draft(
        destination=peer.code,
        partition=partition_of(str(entry.origin_id), peer.partitions),
        type=CANCEL_REQUESTED,
        data=TransfersCancelRequested(transfers=(rules.order_of(entry),)),
        is_request=True,
        open_items=1,
    )
    entry.message, entry.cancel_asked_at = cancel.id, now
    entry.sent_at = outbox.publication_times(ids=[bundle])[bundle]
    storage.change(
        [entry],
        was=rules.PENDING,
        fields=ASKED,
        event=rules.CANCEL_ASKED,
        now=now,
        announce=[outbox.writes_for(messages=[cancel], now=now)],
    )
    outbox.close_items(counts={bundle: 1}, now=now)
    audit.record(actor=by, action="transfer.cancel", subject=f"transfer:{entry.id}", reason=reason, now=now)
