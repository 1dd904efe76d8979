"""What other banks ask for: decided once, answered always."""

from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.iban import make
from accounts.models import Account
from messaging.errors import Unreadable
from messaging.models import Message, Peer
from transfers import services
from transfers.models import Transfer
from transfers.tests.people import (
    ANNA,
    BRAM,
    MISPRINT,
    NOON,
    YARA,
    ZOE,
    answers,
    asked,
    balance,
    buried,
    legs,
    receive,
    receive_cancel,
    requested,
)

pytestmark = pytest.mark.money


def outcomes() -> list[tuple[str, str]]:
    return [(said.outcome, said.reason) for said in answers()]


class TestRequest:
    def test_is_decided_in_the_order_it_was_written(self) -> None:
        receive(asked(1), asked(2), asked(3))

        assert list(Transfer.objects.order_by("id").filter(kind="incoming").values_list("amount_minor", flat=True)) == [1, 2, 3]

    @pytest.mark.parametrize("expires_at", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
    def test_until_a_moment_that_no_calendar_has_is_rejected(self, expires_at: str) -> None:
        order = msgspec.to_builtins(asked()) | {"expires_at": expires_at}

        receive(order)
        receive(order)

        assert outcomes() == [("rejected", "CH16")] * 2
        assert Transfer.objects.get(kind="incoming").expires_at is None

    def test_is_credited_and_answered(self) -> None:
        order = asked(1_000)

        receive(order)

        transfer = Transfer.objects.get(kind="incoming")
        assert (transfer.status, transfer.origin_bank, transfer.origin_id) == ("credited", "BNKB", order.id)
        assert legs(transfer) == {"book": ("CLEARING.BNKB.EUR", ANNA, 1_000)}
        assert (balance(ANNA), balance("CLEARING.BNKB.EUR")) == (11_000, -1_000)
        [said] = answers()
        assert (said.id, said.outcome, said.amount_minor, said.creditor_iban) == (order.id, "credited", 1_000, ANNA)
        assert Message.objects.get().open_items == 0

    def test_that_comes_again_is_answered_again_and_credited_once(self) -> None:
        order = asked()

        receive(order)
        receive(order)
        receive(order, order.__class__(**(msgspec.structs.asdict(order) | {"id": uuid4()})))

        assert balance(ANNA) == 12_000
        assert outcomes() == [("credited", "")] * 4

    def test_twice_in_one_batch_is_credited_once(self) -> None:
        order = asked()

        with transaction.atomic():
            services.receive_transfers(received=[requested([order]), requested([order])], now=NOON)

        assert balance(ANNA) == 11_000
        assert len(answers()) == 2

    def test_with_other_content_is_a_dead_letter_for_that_one(self) -> None:
        order, good = asked(), asked(5)
        receive(order)

        receive(msgspec.structs.replace(order, amount_minor=9_999), good)

        assert balance(ANNA) == 11_005
        assert buried() == ["other-content"]
        assert [said.id for said in answers()] == [order.id, good.id]

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"creditor_iban": make("NL", "BNKA", 99)}, "AC01"),
            ({"creditor_iban": MISPRINT}, "AC01"),
            ({"creditor_iban": "CASH.EUR"}, "AC01"),
            ({"creditor_iban": ""}, "AC01"),
            ({"currency": "USD"}, "AM03"),
            ({"currency": "XXX"}, "AM03"),
            ({"amount_minor": 10**15 + 1}, "AM02"),
            ({"amount_minor": 2**63 - 1}, "AM02"),
            ({"reference": "x" * 141}, "CH16"),
            ({"reference": "two\nlines"}, "CH16"),
            ({"debtor_name": "nul\0"}, "CH16"),
            ({"debtor_iban": "nobody"}, "AC01"),
            ({"expires_at": NOON - timedelta(seconds=1)}, "AB05"),
        ],
    )
    def test_that_does_not_fit_is_rejected_with_its_reason_and_the_others_pass(self, change: dict[str, object], reason: str) -> None:
        receive(asked(**change), asked(7))  # type: ignore[arg-type]

        assert outcomes() == [("rejected", reason), ("credited", "")]
        assert balance(ANNA) == 10_007
        assert Transfer.objects.get(kind="incoming", status="rejected").reason == reason

    def test_of_an_unreadable_type_is_rejected_when_it_names_what_it_wants(self) -> None:
        order = msgspec.to_builtins(asked())

        receive(
            order | {"debtor_name": 7}, {key: order[key] for key in ("amount_minor", "currency", "creditor_iban")} | {"id": str(uuid4())}
        )

        assert outcomes() == [("rejected", "CH16")] * 2
        assert balance(ANNA) == 10_000

    def test_of_a_version_we_do_not_know_is_rejected(self) -> None:
        receive(asked(), version=2)

        assert outcomes() == [("rejected", "FF01")]

    def test_to_a_closed_account_is_rejected_and_to_a_frozen_one_arrives(self) -> None:
        Account.objects.filter(number=BRAM).update(status="closed", closed_at=NOON)
        Account.objects.filter(number=ANNA).update(status="frozen")

        receive(asked(creditor_iban=BRAM), asked(creditor_iban=ANNA))

        assert outcomes() == [("rejected", "AC04"), ("credited", "")]

    def test_of_a_suspended_bank_is_rejected_but_what_was_decided_stays(self) -> None:
        known = asked()
        receive(known)
        Peer.objects.filter(code="BNKB").update(status="suspended")

        receive(known, asked())

        assert outcomes() == [("credited", ""), ("credited", ""), ("rejected", "AG10")]

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"debtor_iban": make("NL", "BNKC", 1)}, "foreign-debtor"),
            ({"debtor_iban": ANNA}, "foreign-debtor"),
            ({"creditor_iban": YARA}, "foreign-creditor"),
        ],
    )
    def test_about_accounts_of_others_is_unreadable(self, change: dict[str, object], reason: str) -> None:
        with pytest.raises(Unreadable) as refused:
            requested([asked(), asked(**change)])  # type: ignore[arg-type]

        assert refused.value.reason == reason

    @pytest.mark.parametrize(
        "orders",
        [
            [],
            ["nothing"],
            [{"id": "no uuid", "amount_minor": 1, "currency": "EUR", "creditor_iban": ANNA}],
            [{"id": str(uuid4()), "amount_minor": 1.5, "currency": "EUR", "creditor_iban": ANNA}],
            [{"id": str(uuid4()), "amount_minor": 0, "currency": "EUR", "creditor_iban": ANNA}],
            [{"id": str(uuid4()), "amount_minor": 2**63, "currency": "EUR", "creditor_iban": ANNA}],
            [{"id": str(uuid4()), "amount_minor": 1, "currency": "eur", "creditor_iban": ANNA}],
            [{"id": str(uuid4()), "amount_minor": 1, "currency": "EUR", "creditor_iban": "x" * 35}],
            [asked()] * 2,
        ],
    )
    def test_that_nobody_could_answer_is_unreadable(self, orders: list[object]) -> None:
        with pytest.raises(Unreadable):
            requested(orders)

    def test_takes_as_many_statements_for_one_as_for_five_hundred(self) -> None:
        receive(asked(1))
        few, many = [requested([asked(1)])], [requested([asked(1) for _ in range(250)]) for _ in range(2)]

        with CaptureQueriesContext(connection) as single, transaction.atomic():
            services.receive_transfers(received=few, now=NOON)
        with CaptureQueriesContext(connection) as batch, transaction.atomic():
            services.receive_transfers(received=many, now=NOON)

        assert len(single) == len(batch)
        assert balance(ANNA) == 10_502

    def test_never_opens_an_account_for_a_currency_nobody_has(self) -> None:
        before = Account.objects.count()

        receive(asked(currency="XAU"), asked(currency="AAA"))

        assert Account.objects.count() == before


class TestCancel:
    def test_before_the_request_leaves_a_tombstone(self) -> None:
        order = asked()

        receive_cancel(order)
        receive(order)

        assert outcomes() == [("rejected", "CUST")] * 2
        assert balance(ANNA) == 10_000
        assert Transfer.objects.get(kind="incoming").status == "rejected"

    def test_after_the_request_is_answered_with_what_was_decided(self) -> None:
        order = asked()
        receive(order)

        receive_cancel(order)

        assert outcomes() == [("credited", "")] * 2
        assert balance(ANNA) == 11_000

    def test_of_a_suspended_bank_counts(self) -> None:
        Peer.objects.filter(code="BNKB").update(status="suspended")

        receive_cancel(asked())

        assert outcomes() == [("rejected", "CUST")]

    def test_of_zoe_is_not_confused_with_another_order(self) -> None:
        order = asked()

        receive_cancel(msgspec.structs.replace(order, amount_minor=1, debtor_iban=ZOE))
        receive(order)

        assert buried() == ["other-content"]
        assert balance(ANNA) == 10_000
