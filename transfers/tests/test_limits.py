"""What a program may order at once and in a day: judged in the transaction of the money, never more, whoever races."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.errors import DomainError
from access.models import ApiClient, User
from access.site import acting_as
from access.tests.people import at_once, employ
from accounts.errors import DailyLimitExceeded, InsufficientFunds
from accounts.models import Customer, Mandate, Spend
from transfers import services
from transfers.errors import OthersRefused, TransferLimitExceeded
from transfers.models import Transfer
from transfers.orders import Accepted, Deposit, Order, Payment, Withdrawal
from transfers.tests import people
from transfers.tests.people import ANNA, BRAM, NOON, ZOE, approval_of, balance, euros, supervisor

pytestmark = pytest.mark.money
UNTIL_MIDNIGHT_S = 11 * 3600  # noon UTC is one o'clock in Amsterdam


def client(**limits: int) -> User:
    """Return Anna's program, which may order so much in euros."""
    user = User.objects.filter(username="erp").first() or employ("erp", "transfers.pay", "transfers.withdraw", "transfers.deposit")
    ApiClient.objects.update_or_create(user=user, defaults={"limits": {"EUR": limits}})
    anna = Customer.objects.get(accounts__number=ANNA)
    Mandate.objects.get_or_create(user=user, customer=anna, defaults={"granted_at": NOON})
    return User.objects.get(username="erp")


def order(amount: str, creditor: str = BRAM) -> Payment:
    return Payment(debtor=ANNA, creditor=creditor, creditor_name="Bram", amount=euros(amount))


def submit(*orders: Order, by: User, **more: Any) -> list[Accepted | DomainError]:
    return services.submit(orders=orders, by=by, **{"now": NOON} | more)


def spent() -> int:
    return sum(Spend.objects.values_list("spent_minor", flat=True))


def refused(amount_minor: int, *, left_minor: int, limit_minor: int = 5_000) -> DailyLimitExceeded:
    return DailyLimitExceeded(
        currency="EUR", limit_minor=limit_minor, left_minor=left_minor, amount_minor=amount_minor, wait_s=UNTIL_MIDNIGHT_S
    )


class TestALimitPerTransfer:
    def test_refuses_more_and_takes_no_less(self) -> None:
        erp = client(per_transfer_minor=1_000)

        outcomes = submit(order("10.01"), order("10.00"), by=erp)

        assert outcomes[0] == TransferLimitExceeded(currency="EUR", limit_minor=1_000, amount_minor=1_001)
        assert isinstance(outcomes[1], Accepted)
        assert balance(ANNA) == 9_000

    def test_is_for_money_that_leaves_a_customer(self) -> None:
        erp = client(per_transfer_minor=1_000)

        outcomes = submit(Deposit(account=ANNA, amount=euros("50.00")), Withdrawal(account=ANNA, amount=euros("50.00")), by=erp)

        assert isinstance(outcomes[0], Accepted)
        assert isinstance(outcomes[1], TransferLimitExceeded)

    def test_leaves_staff_alone(self) -> None:
        client(per_transfer_minor=1)

        assert isinstance(people.pay(BRAM, "50.00"), Accepted)


class TestALimitPerDay:
    def test_refuses_the_order_that_goes_beyond_it_and_takes_a_smaller_one(self) -> None:
        erp = client(per_day_minor=5_000)

        outcomes = submit(order("30.00"), order("30.00"), order("20.00"), order("0.01"), by=erp)

        assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True, False, True, False]
        assert [outcomes[1], outcomes[3]] == [refused(3_000, left_minor=2_000), refused(1, left_minor=0)]
        assert (spent(), balance(ANNA)) == (5_000, 5_000)

    def test_is_not_used_up_by_what_is_refused(self) -> None:
        erp = client(per_day_minor=100_000)

        outcomes = submit(order("100.01"), order("1.00", creditor=people.MISPRINT), by=erp)

        assert isinstance(outcomes[0], InsufficientFunds)
        assert spent() == 0

    def test_is_not_used_up_by_a_rehearsal(self) -> None:
        erp = client(per_day_minor=5_000)

        [rehearsed] = submit(order("50.00"), by=erp, dry_run=True)
        [beyond] = submit(order("50.01"), by=erp, dry_run=True)

        assert isinstance(rehearsed, Accepted)
        assert beyond == refused(5_001, left_minor=5_000)
        assert not Spend.objects.exists()

    def test_is_not_used_up_by_an_all_or_nothing_batch_that_fails(self) -> None:
        erp = client(per_day_minor=5_000)

        outcomes = submit(order("40.00"), order("20.00"), by=erp, atomic=True)

        assert any(isinstance(outcome, DailyLimitExceeded) for outcome in outcomes)
        assert all(isinstance(outcome, DailyLimitExceeded | OthersRefused) for outcome in outcomes)
        assert (spent(), balance(ANNA)) == (0, 10_000)

    def test_counts_the_fee_of_what_leaves_the_bank(self) -> None:
        erp = client(per_day_minor=1_024)

        [outcome] = submit(order("10.00", creditor=ZOE), by=erp)

        assert isinstance(outcome, DailyLimitExceeded)
        assert (spent(), balance(ANNA)) == (0, 10_000)

    def test_begins_anew_at_the_banks_midnight(self) -> None:
        erp = client(per_day_minor=5_000)
        midnight = NOON + timedelta(seconds=UNTIL_MIDNIGHT_S)

        outcomes = [submit(order("50.00"), by=erp, now=now)[0] for now in (NOON, midnight - timedelta(seconds=1), midnight)]

        assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True, False, True]
        assert isinstance(outcomes[1], DailyLimitExceeded)
        assert outcomes[1].facts["wait_s"] == 1

    def test_counts_what_waits_for_a_second_person_once(self) -> None:
        people.submit(Deposit(account=ANNA, amount=euros("9000.00")))
        people.submit(Deposit(account=ANNA, amount=euros("9000.00")))
        erp = client(per_day_minor=1_500_000)
        [waiting] = submit(order("12000.00"), by=erp)
        assert isinstance(waiting, Accepted)

        approved = services.approve_transfer(
            approval_id=approval_of(Transfer.objects.get(id=waiting.transfer_id)), by=supervisor(), now=NOON
        )

        assert isinstance(approved, Accepted)
        assert spent() == 1_200_000

    def test_lowered_below_what_was_spent_leaves_nothing(self) -> None:
        submit(order("30.00"), by=client(per_day_minor=5_000))

        [lowered] = submit(order("1.00"), by=client(per_day_minor=1_000))
        [raised] = submit(order("1.00"), by=client(per_day_minor=3_100))

        assert lowered == refused(100, left_minor=0, limit_minor=3_000)
        assert isinstance(raised, Accepted)

    def test_asks_the_database_nothing_for_staff(self) -> None:
        teller = people.teller()
        submit(order("1.00"), by=teller)

        with CaptureQueriesContext(connection) as asked:
            submit(order("1.00"), by=teller)

        assert not any("spend" in query["sql"] or "apiclient" in query["sql"] for query in asked.captured_queries)


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    @pytest.fixture(autouse=True)
    def bank(self, transactional_db: None) -> Iterator[None]:
        with acting_as(people.SITE):
            people.furnish()
            yield
            assert people.conserved()

    def test_spend_exactly_what_one_day_affords(self) -> None:
        erp = client(per_day_minor=5_000)

        def spend() -> int:
            with acting_as(people.SITE):
                outcomes = [outcome for _ in range(5) for outcome in submit(order("1.00"), order("2.00"), by=erp)]
            return sum(isinstance(outcome, Accepted) for outcome in outcomes)

        accepted = at_once([spend] * 8)

        assert all(isinstance(each, int) for each in accepted), accepted
        assert (spent(), balance(ANNA)) == (5_000, 5_000)
