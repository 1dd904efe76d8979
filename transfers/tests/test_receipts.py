"""A receipt is an original once; every printing after it says that it is a copy."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from access.errors import NotAllowed
from access.models import AuditEvent, User
from access.site import acting_as
from access.tests.people import at_once, employ
from transfers.errors import TransferUnknown
from transfers.models import ReceiptPrint, Transfer
from transfers.services import Receipt, print_receipt
from transfers.tests.people import BRAM, NOON, SITE, paid


def clerk() -> User:
    return User.objects.filter(username="clerk").first() or employ("clerk", "transfers.view_transfer")


def printed(transfer: Transfer) -> Receipt:
    return print_receipt(transfer_id=transfer.id, by=clerk(), now=NOON)


class TestAReceipt:
    def test_is_the_original_first_and_a_copy_ever_after(self) -> None:
        transfer = paid(BRAM, "12.50")

        receipts = [printed(transfer) for _ in range(3)]

        assert [(each.number, each.is_copy) for each in receipts] == [(1, False), (2, True), (3, True)]
        assert (receipts[0].entry.id, receipts[0].entry.amount_minor, receipts[0].printed_by) == (transfer.id, 1_250, "clerk")
        assert [event.type for event in receipts[0].events] == ["completed"]
        trail = AuditEvent.objects.filter(action="receipt.printed").order_by("id").values_list("subject", "after")
        assert list(trail) == [(f"transfer:{transfer.id}", {"number": number}) for number in (1, 2, 3)]

    def test_of_no_transfer_is_not_printed(self) -> None:
        with pytest.raises(TransferUnknown):
            print_receipt(transfer_id=uuid4(), by=clerk(), now=NOON)

        assert not ReceiptPrint.objects.exists()

    def test_takes_the_permission(self) -> None:
        with pytest.raises(NotAllowed):
            print_receipt(transfer_id=paid(BRAM).id, by=employ("cleaner"), now=NOON)

    def test_has_a_number_of_its_own_in_the_database_too(self) -> None:
        transfer = paid(BRAM)
        printed(transfer)

        with pytest.raises(IntegrityError), transaction.atomic():
            ReceiptPrint.objects.create(transfer=transfer, number=1, printed_by=clerk(), printed_at=NOON)


@pytest.mark.django_db(transaction=True)
class TestManyPrinters:
    def test_print_one_original(self) -> None:
        transfer, _ = paid(BRAM), clerk()

        def work() -> Receipt:
            with acting_as(SITE):
                return printed(transfer)

        receipts = at_once([work] * 4)

        assert sorted(receipt.number for receipt in receipts) == [1, 2, 3, 4]
