"""Printing receipts: each printing is counted, and every one after the first is a copy."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from access import audit
from access.models import User
from access.permissions import require
from access.retry import joining
from transfers import permissions, selectors, storage
from transfers.entry import Entry
from transfers.models import ReceiptPrint


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A transfer as it is given to a customer on paper; `number` 1 is the original."""

    entry: Entry
    events: list[selectors.EventRow]
    number: int
    printed_by: str
    printed_at: datetime

    @property
    def is_copy(self) -> bool:
        """Return whether the receipt was printed before."""
        return self.number > 1


def print_receipt(*, transfer_id: UUID, by: User, now: datetime) -> Receipt:
    """Count one more printing of the transfer's receipt and return it; raises NotAllowed, TransferUnknown."""
    require(by=by, permission=permissions.VIEW)

    def work() -> Receipt:
        with transaction.atomic():
            storage.lock([transfer_id])  # who prints at the same time prints the next number
            entry, events = selectors.transfer_with_story(transfer_id=transfer_id, by=by)
            last = ReceiptPrint.objects.filter(transfer_id=transfer_id).aggregate(last=Max("number"))["last"]
            number = (last or 0) + 1
            ReceiptPrint.objects.create(transfer_id=transfer_id, number=number, printed_by=by, printed_at=now)
            audit.record(actor=by, action="receipt.printed", subject=f"transfer:{transfer_id}", after={"number": number}, now=now)
        name = by.get_full_name() or by.get_username()
        return Receipt(entry=entry, events=events, number=number, printed_by=name, printed_at=now)

    return joining(work)
