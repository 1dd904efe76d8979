"""What the ledger does with many steps at once: groups, holds, batches."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.errors import DomainError
from accounts import errors, ledger
from accounts.models import Account, Hold, Posting
from accounts.tests.people import (
    ANNA,
    BRAM,
    CARLA,
    CASH,
    DIRK,
    FEES,
    NOBODY,
    NOON,
    balance,
    furnish,
    held,
    hold,
    move,
    named,
    post,
    set_status,
)

pytestmark = [pytest.mark.money, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def bank() -> None:
    furnish(anna="100.00", bram="50.00")


class TestAGroup:
    def test_stands_together(self) -> None:
        outcomes = post(move(ANNA, BRAM, "90.00", group=1), move(ANNA, FEES, "10.00", group=1))

        assert (outcomes, balance(ANNA)) == ([ledger.Posted()] * 2, "0.00")

    def test_falls_together_with_the_first_refusal_for_all_of_it(self) -> None:
        kept, lost = hold(ANNA, "5.00"), hold(ANNA, "1.00", group=1)

        outcomes = post(
            kept,
            move(ANNA, BRAM, "20.00"),
            lost,
            move(CASH, ANNA, "1.00", group=1),
            move(ANNA, BRAM, "75.00", group=1, releases_hold=kept.hold_id),
            ledger.Release(hold_id=kept.hold_id, group=1),
            move(ANNA, BRAM, "0.01"),
        )

        refusal = errors.HoldExceeded(hold=str(kept.hold_id), held_minor=500, amount_minor=7500, currency="EUR")
        assert outcomes == [ledger.Posted()] * 2 + [refusal] * 4 + [ledger.Posted()]
        assert (balance(ANNA), held(ANNA), balance(CASH)) == ("79.99", "5.00", "-150.00")
        assert list(Hold.objects.values_list("id", "status")) == [(kept.hold_id, "placed")]

    def test_gives_its_places_back(self) -> None:
        post(
            move(ANNA, BRAM, "1.00", group="a"), move(ANNA, NOBODY, "1.00", group="a"), move(ANNA, BRAM, "2.00", transfer_id=named("next"))
        )

        assert Posting.objects.get(transfer_id=named("next")).debit_seq == 2

    def test_undoes_the_end_of_a_hold(self) -> None:
        earlier = hold(ANNA, "5.00")
        post(earlier)

        post(ledger.Release(hold_id=earlier.hold_id, group=1), move(ANNA, NOBODY, "1.00", group=1))

        assert (held(ANNA), Hold.objects.get(id=earlier.hold_id).status) == ("5.00", "placed")

    def test_ends_where_another_begins(self) -> None:
        outcomes = post(move(ANNA, NOBODY, "1.00", group=1), move(ANNA, BRAM, "1.00", group=2), move(ANNA, BRAM, "1.00", group=2))

        assert outcomes == [errors.AccountUnknown(account=NOBODY), ledger.Posted(), ledger.Posted()]


class TestAHold:
    def test_sets_money_aside(self) -> None:
        post(hold(ANNA, "60.00"))

        assert post(move(ANNA, BRAM, "40.01"), move(ANNA, BRAM, "40.00"))[0] == errors.InsufficientFunds(
            account=ANNA, available_minor=4000, amount_minor=4001, currency="EUR"
        )
        assert (balance(ANNA), held(ANNA)) == ("60.00", "60.00")

    def test_is_captured_in_part_and_frees_the_rest(self) -> None:
        reserved = hold(ANNA, "60.00")
        post(reserved)

        assert post(move(ANNA, BRAM, "45.00", releases_hold=reserved.hold_id)) == [ledger.Posted()]

        row = Hold.objects.get(id=reserved.hold_id)
        assert (row.status, row.captured_minor, row.ended_at, balance(ANNA), held(ANNA)) == ("captured", 4500, NOON, "55.00", "0.00")

    def test_pays_with_what_only_it_has_left(self) -> None:
        reserved = hold(ANNA, "100.00")
        post(reserved)

        assert post(move(ANNA, BRAM, "1.00"), move(ANNA, BRAM, "100.00", releases_hold=reserved.hold_id))[1] == ledger.Posted()

    def test_is_captured_once(self) -> None:
        reserved = hold(ANNA, "10.00")
        post(reserved)
        capture = move(ANNA, BRAM, "1.00", releases_hold=reserved.hold_id)

        outcomes = post(capture, move(ANNA, BRAM, "1.00", releases_hold=reserved.hold_id), ledger.Release(hold_id=reserved.hold_id))

        ended = errors.HoldEnded(hold=str(reserved.hold_id), status="captured")
        assert outcomes == [ledger.Posted(), ended, ended]
        assert post(move(ANNA, BRAM, "1.00", releases_hold=reserved.hold_id)) == [ended]

    def test_is_not_captured_from_another_account(self) -> None:
        reserved = hold(ANNA, "10.00")
        post(reserved)

        assert post(move(BRAM, CARLA, "1.00", releases_hold=reserved.hold_id)) == [errors.HoldUnknown(hold=str(reserved.hold_id))]

    def test_is_not_captured_after_its_time(self) -> None:
        reserved = hold(ANNA, "10.00", expires_at=NOON)
        post(reserved)

        outcomes = post(move(ANNA, BRAM, "1.00", releases_hold=reserved.hold_id), ledger.Release(hold_id=reserved.hold_id, expired=True))

        assert outcomes == [errors.HoldEnded(hold=str(reserved.hold_id), status="expired"), ledger.Posted()]
        assert (held(ANNA), Hold.objects.get(id=reserved.hold_id).status) == ("0.00", "expired")

    def test_is_released(self) -> None:
        reserved = hold(ANNA, "10.00")
        post(reserved)

        assert post(ledger.Release(hold_id=reserved.hold_id)) == [ledger.Posted()]

        assert (held(ANNA), Hold.objects.get(id=reserved.hold_id).status) == ("0.00", "released")

    def test_may_begin_and_end_in_one_batch(self) -> None:
        reserved = hold(ANNA, "10.00", purpose="hotel")

        post(reserved, move(ANNA, BRAM, "4.00", releases_hold=reserved.hold_id))

        row = Hold.objects.get(id=reserved.hold_id)
        assert (row.status, row.captured_minor, row.purpose, held(ANNA), balance(ANNA)) == ("captured", 400, "hotel", "0.00", "96.00")

    @pytest.mark.parametrize(
        ("step", "refusal"),
        [
            (hold(NOBODY, "1.00"), errors.AccountUnknown(account=NOBODY)),
            (hold(CARLA, "1.00"), errors.AccountFrozen(account=CARLA)),
            (hold(ANNA, "100.01"), errors.InsufficientFunds(account=ANNA, available_minor=10000, amount_minor=10001, currency="EUR")),
            (ledger.Release(hold_id=named("none")), errors.HoldUnknown(hold=str(named("none")))),
            (ledger.Release(hold_id=named("none"), group=1), errors.HoldUnknown(hold=str(named("none")))),
        ],
    )
    def test_is_refused(self, step: ledger.Step, refusal: DomainError) -> None:
        set_status(CARLA, "frozen")

        assert post(step) == [refusal]

    def test_is_only_for_accounts_that_keep_their_own_balance(self) -> None:
        with pytest.raises(AssertionError, match="keeps its own balance"):
            post(hold(CASH, "1.00"))

    def test_has_an_id_of_its_own(self) -> None:
        step = hold(ANNA, "1.00")

        with pytest.raises(AssertionError, match="new id"):
            post(step, step)


class TestABatch:
    def test_uses_one_account_many_times_in_order(self) -> None:
        steps = [step for _ in range(50) for step in (move(ANNA, BRAM, "100.00"), move(BRAM, ANNA, "100.00"))]

        assert post(*steps) == [ledger.Posted()] * 100

        row = Account.objects.get(number=ANNA)
        assert (balance(ANNA), balance(BRAM), row.last_seq) == ("100.00", "50.00", 101)

    def test_spends_what_came_in_earlier_in_it_and_not_later(self) -> None:
        outcomes = post(move(CARLA, DIRK, "10.00"), move(ANNA, CARLA, "10.00"), move(CARLA, DIRK, "10.00"))

        assert [type(outcome).__name__ for outcome in outcomes] == ["InsufficientFunds", "Posted", "Posted"]

    def test_may_be_empty(self) -> None:
        assert post() == []

    @pytest.mark.parametrize("form", ["moves", "groups", "holds", "captures"])
    def test_takes_as_many_statements_as_a_single_step(self, form: str) -> None:
        def statements(size: int) -> int:
            reserved = [hold(ANNA, "0.01") for _ in range(size)]
            if form == "captures":
                post(*reserved)
            steps: dict[str, list[ledger.Step]] = {
                "moves": [move(CASH, BRAM, "0.01") for _ in range(size)],
                "groups": [move(ANNA, credit, "0.01", group=place) for place in range(size) for credit in (BRAM, FEES)],
                "holds": list(reserved),
                "captures": [move(ANNA, BRAM, "0.01", releases_hold=step.hold_id) for step in reserved],
            }
            with CaptureQueriesContext(
                connection,
            ) as captured:
                post(*steps[form])
            return len([query for query in captured if "SAVEPOINT" not in query["sql"]])

        counts = {statements(size) for size in (1, 2, 40)}

        assert len(counts) == 1
        assert counts.pop() <= (3 if connection.vendor == "postgresql" else 6)
