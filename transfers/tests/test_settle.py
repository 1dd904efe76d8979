"""What other banks answer: a pending transfer ends once, with the money on one side."""

from datetime import datetime, timedelta, timezone

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.models import Approval
from accounts.models import Account
from messaging.errors import Unreadable
from messaging.models import Message, Peer
from transfers import errors, services
from transfers.events import CANCEL_REQUESTED, REQUESTED
from transfers.models import Transfer, TransferEvent
from transfers.orders import Payment
from transfers.rules import content_hash
from transfers.services import closed_bank
from transfers.tests.people import (
    ANNA,
    BRAM,
    NOON,
    YARA,
    ZOE,
    announced,
    answer,
    balance,
    buried,
    decision,
    euros,
    legs,
    paid,
    second_supervisor,
    submit,
    supervisor,
    teller,
)

pytestmark = pytest.mark.money


def status_of(transfer: Transfer) -> tuple[str, str]:
    transfer.refresh_from_db()
    return transfer.status, transfer.reason


class TestAnswer:
    def test_credited_completes_and_finishes_the_message(self) -> None:
        transfer = paid()
        Message.objects.update(first_published_at=NOON)

        answer(decision(transfer))

        assert status_of(transfer) == ("completed", "")
        assert (transfer.sent_at, transfer.decided_at, transfer.settled_at) == (NOON, NOON, NOON)
        assert Message.objects.get().finished_at == NOON
        assert balance("CLEARING.BNKB.EUR") == 1_000
        assert list(TransferEvent.objects.filter(transfer=transfer).order_by("id").values_list("type", flat=True)) == [
            "pending",
            "completed",
        ]

    def test_rejected_gives_back_amount_and_fee(self) -> None:
        transfer = paid()

        answer(decision(transfer, "rejected", "AC04"))

        assert status_of(transfer) == ("rejected", "AC04")
        assert legs(transfer)["refund"] == ("CLEARING.BNKB.EUR", ANNA, 1_000)
        assert legs(transfer)["refund-fee"] == ("FEES.EUR", ANNA, 25)
        assert (balance(ANNA), balance("CLEARING.BNKB.EUR"), balance("FEES.EUR")) == (10_000, 0, 0)

    @pytest.mark.parametrize(("first", "second"), [("credited", "credited"), ("rejected", "rejected")])
    def test_that_comes_again_changes_nothing(self, first: str, second: str) -> None:
        transfer = paid()
        answer(decision(transfer, first, "" if first == "credited" else "AC01"))
        before = balance(ANNA)

        answer(decision(transfer, second))

        assert balance(ANNA) == before
        assert buried() == []

    @pytest.mark.parametrize(("first", "second"), [("credited", "rejected"), ("rejected", "credited")])
    def test_that_says_the_opposite_is_a_dead_letter(self, first: str, second: str) -> None:
        transfer = paid()
        answer(decision(transfer, first))
        before = (balance(ANNA), *status_of(transfer))

        answer(decision(transfer, second))

        assert (balance(ANNA), *status_of(transfer)) == before
        assert buried() == ["opposite-answer"]

    def test_is_judged_one_transfer_at_a_time(self) -> None:
        first, second = paid(ZOE), paid(YARA)

        answer(decision(first, amount_minor=999), decision(second))

        assert (status_of(first)[0], status_of(second)[0]) == ("pending", "completed")
        assert buried() == ["answer-with-other-content"]

    def test_must_come_from_the_destination(self) -> None:
        transfer = paid(ZOE)

        answer(decision(transfer, "rejected", "AC01"), source="BNKC")

        assert status_of(transfer)[0] == "pending"
        assert buried() == ["answer-from-another"]

    def test_must_name_a_transfer_that_left(self) -> None:
        stays = paid(BRAM)

        answer(decision(stays, "rejected"))

        assert status_of(stays)[0] == "completed"
        assert buried() == ["answer-to-unknown"]

    @pytest.mark.parametrize("change", [{"currency": "USD"}, {"creditor_iban": YARA}, {"amount_minor": 1}])
    def test_must_be_about_what_was_ordered(self, change: dict[str, object]) -> None:
        transfer = paid(ZOE)

        answer(decision(transfer, **change))  # type: ignore[arg-type]

        assert status_of(transfer)[0] == "pending"

    @pytest.mark.parametrize("decided_at", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
    def test_decided_at_a_moment_that_no_calendar_has_is_unreadable(self, decided_at: str) -> None:
        transfer = paid()

        with pytest.raises(Unreadable, match="was decided at"):
            answer(decision(transfer, decided_at=datetime.fromisoformat(decided_at)))

    def test_of_a_part_of_a_bundle_leaves_the_message_open(self) -> None:
        orders = [Payment(debtor=ANNA, creditor=ZOE, creditor_name="", amount=euros("1")) for _ in range(3)]
        submit(*orders)
        transfers = Transfer.objects.filter(kind="outgoing").order_by("id")

        answer(decision(transfers[0]), decision(transfers[1], "rejected", "AC01"))

        message = Message.objects.get()
        assert (message.open_items, message.finished_at) == (1, None)

    def test_to_a_closed_account_goes_to_suspense(self) -> None:
        submit(Payment(debtor=ANNA, creditor=ZOE, creditor_name="", amount=euros("99.75")))
        transfer = Transfer.objects.get(kind="outgoing")
        Account.objects.filter(number=ANNA).update(status="closed", closed_at=NOON)

        answer(decision(transfer, "rejected", "AC01"))

        assert status_of(transfer)[0] == "rejected"
        assert balance("SUSPENSE.EUR") == 10_000

    def test_to_a_frozen_account_arrives(self) -> None:
        transfer = paid()
        Account.objects.filter(number=ANNA).update(status="frozen")

        answer(decision(transfer, "rejected", "AC01"))

        assert balance(ANNA) == 10_000

    def test_takes_as_many_statements_for_one_as_for_three_hundred(self) -> None:
        submit(*[Payment(debtor=ANNA, creditor=ZOE, creditor_name="", amount=euros("0.01")) for _ in range(302)])
        first, *others = Transfer.objects.filter(kind="outgoing").order_by("id")

        with CaptureQueriesContext(connection) as single:
            answer(decision(first, "rejected", "AC01"))
        with CaptureQueriesContext(connection) as batch:
            answer(*[decision(other, "rejected", "AC01") for other in others])

        assert len(single) == len(batch)
        assert balance(ANNA) == 10_000


class TestCancel:
    def test_is_asked_with_the_whole_order_and_takes_the_bundles_place(self) -> None:
        submit(*[Payment(debtor=ANNA, creditor=ZOE, creditor_name="", amount=euros("1")) for _ in range(2)])
        transfer, _ = Transfer.objects.filter(kind="outgoing").order_by("id")
        bundle = transfer.message
        assert bundle is not None

        services.cancel_transfer(transfer_id=transfer.id, by=teller(), now=NOON)
        services.cancel_transfer(transfer_id=transfer.id, by=teller(), now=NOON)

        transfer.refresh_from_db()
        assert Message.objects.get(id=bundle).open_items == 1
        assert Message.objects.get(type=CANCEL_REQUESTED).id == transfer.message
        assert announced(CANCEL_REQUESTED) == [order for order in announced(REQUESTED) if order.id == transfer.id]
        assert transfer.status == "pending"

    def test_says_the_same_as_the_bundle_wherever_the_clock_stands(self) -> None:
        transfer = paid(now=NOON.astimezone(timezone(timedelta(hours=2))))

        services.cancel_transfer(transfer_id=transfer.id, by=teller(), now=NOON)

        [first], [second] = announced(REQUESTED), announced(CANCEL_REQUESTED)
        assert content_hash(first) == content_hash(second)

    def test_that_came_in_time_gives_the_money_back(self) -> None:
        transfer = paid()
        services.cancel_transfer(transfer_id=transfer.id, by=teller(), now=NOON)

        answer(decision(transfer, "rejected", "CUST"))

        assert status_of(transfer) == ("cancelled", "CUST")
        assert balance(ANNA) == 10_000
        assert not Message.objects.filter(finished_at=None).exists()

    def test_that_came_too_late_completes(self) -> None:
        transfer = paid()
        services.cancel_transfer(transfer_id=transfer.id, by=teller(), now=NOON)

        answer(decision(transfer))

        assert status_of(transfer) == ("completed", "")

    def test_is_only_for_what_is_pending(self) -> None:
        stays = paid(BRAM)

        with pytest.raises(errors.NotPending):
            services.cancel_transfer(transfer_id=stays.id, by=teller(), now=NOON)

    def test_time_alone_never_refunds(self) -> None:
        transfer = paid()

        services.expire_approvals(now=NOON.replace(year=2036))

        assert status_of(transfer)[0] == "pending"
        assert balance(ANNA) == 8_975


class TestClosedBank:
    def test_is_refunded_by_two_persons(self) -> None:
        first, second = paid(ZOE), paid(YARA)
        Peer.objects.filter(code="BNKB").update(status="closed")
        asker = supervisor()
        approval = services.ask_refund_of_closed_bank(bank="BNKB", by=asker, reason="gone for good", now=NOON)

        refunded = services.refund_closed_bank(approval_id=approval, by=second_supervisor(), now=NOON)

        assert refunded == 2
        assert status_of(first) == status_of(second) == ("rejected", "bank-closed")
        assert balance(ANNA) == 10_000
        assert not Message.objects.filter(finished_at=None).exists()

    def test_is_refunded_in_portions_however_much_there_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(closed_bank, "PORTION", 1)
        sent = [paid(ZOE) for _ in range(3)]
        Peer.objects.filter(code="BNKB").update(status="closed")
        assert services.refund_due(now=NOON, limit=2) == 0
        approval = services.ask_refund_of_closed_bank(bank="BNKB", by=supervisor(), reason="gone for good", now=NOON)
        assert services.refund_due(now=NOON, limit=2) == 0

        done = [services.refund_closed_bank(approval_id=approval, by=second_supervisor(), now=NOON)]
        done += [services.refund_due(now=NOON, limit=1) for _ in range(3)]

        assert done == [1, 1, 1, 0]
        assert {status_of(transfer) for transfer in sent} == {("rejected", "bank-closed")}
        assert balance(ANNA) == 10_000

    def test_must_be_closed(self) -> None:
        paid(ZOE)

        with pytest.raises(errors.NothingToRefund):
            services.ask_refund_of_closed_bank(bank="BNKB", by=supervisor(), reason="slow", now=NOON)

        assert not Approval.objects.exists()
