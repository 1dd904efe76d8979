"""check_books names whatever does not fit, and nothing else."""

import json
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import F

from access import triggers
from access.site import acting_as
from accounts.models import Account, Hold, Posting
from messaging.models import Message
from transfers import services
from transfers.books import differences
from transfers.models import Transfer
from transfers.tests.people import (
    ANNA,
    BRAM,
    NOON,
    ZOE,
    answer,
    approval_of,
    asked,
    decision,
    paid,
    pay,
    receive,
    receive_cancel,
    supervisor,
    teller,
    with_limits,
)

pytestmark = pytest.mark.money


def found() -> set[str]:
    return {difference.check for difference in differences(progress=lambda done: None)}


@pytest.fixture
def busy_day() -> None:
    """Let every kind of transfer come to every end."""
    paid(BRAM)
    answer(decision(paid(ZOE)))
    answer(decision(paid(ZOE), "rejected", "AC01"))
    cancelled = paid(ZOE)
    services.cancel_transfer(transfer_id=cancelled.id, by=teller(), now=NOON)
    answer(decision(cancelled, "rejected", "CUST"))
    paid(ZOE)
    receive(asked(), asked(creditor_iban=ZOE.replace("BNKB", "BNKA")))
    receive_cancel(asked())
    with acting_as(with_limits(EUR=100)):
        services.refuse_transfer(approval_id=approval_of(paid(BRAM)), by=supervisor(), reason="no", now=NOON)
        services.approve_transfer(approval_id=approval_of(paid(ZOE)), by=supervisor(), now=NOON)
        paid(ZOE)
    pay(BRAM, "900")


@pytest.mark.usefixtures("busy_day")
class TestBooks:
    def test_of_a_busy_day_are_right(self) -> None:
        assert found() == set()

    def test_name_a_balance_that_is_not_its_postings(self) -> None:
        Account.objects.filter(number=BRAM).update(balance_minor=1_001)

        assert found() == {"balance", "sum"}
        Account.objects.filter(number=BRAM).update(balance_minor=1_000)

    def test_name_a_posting_that_is_missing(self) -> None:
        with triggers.lifted():
            Posting.objects.filter(leg="refund").delete()

            assert "posting refund of a rejected outgoing" in found()

    def test_name_a_posting_without_a_transfer(self) -> None:
        stray = Posting.objects.filter(leg="fee").first()
        assert stray is not None
        stray.pk, stray.transfer_id = None, UUID(int=7)
        stray.debit_seq = 999
        stray.save(force_insert=True)

        assert "transfer of a posting" in found()

    def test_name_a_pending_transfer_nobody_is_asked_for(self) -> None:
        Message.objects.update(finished_at=NOON)

        assert found() == {"message"}

    def test_name_a_request_that_waits_for_more_answers_than_there_are_transfers(self) -> None:
        Message.objects.filter(is_request=True, finished_at__isnull=True).update(open_items=F("open_items") + 1)

        assert found() == {"open items"}

    def test_name_a_hold_that_was_never_placed(self) -> None:
        Transfer.objects.filter(status="awaiting-approval").update(hold=None)

        assert found() == {"hold of a transfer that waits"}

    def test_name_a_hold_that_is_gone(self) -> None:
        Hold.objects.filter(status="placed").update(status="released", ended_at=NOON)

        assert {"hold of a transfer that waits", "holds"} <= found()

    def test_are_read_in_a_transaction_of_their_own(self) -> None:
        with transaction.atomic(), pytest.raises(RuntimeError):
            list(differences(progress=lambda _: None))


class TestCommand:
    def test_says_that_all_is_well(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("check_books")

        assert capsys.readouterr().out == "The books are right.\n"

    def test_exits_with_3_and_names_the_difference(self, capsys: pytest.CaptureFixture[str]) -> None:
        Account.objects.filter(number=ANNA).update(balance_minor=9_999)

        with pytest.raises(SystemExit) as end:
            call_command("check_books", "--json")

        assert end.value.code == 3
        named = json.loads(capsys.readouterr().out)["differences"]
        assert {"check": "balance", "subject": ANNA, "expected": "10000", "found": "9999"} in named
        Account.objects.filter(number=ANNA).update(balance_minor=10_000)
