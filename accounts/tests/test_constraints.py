"""What the database refuses by itself, should the ledger ever be wrong or be bypassed."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Account, BalanceStripe, Hold, Posting
from accounts.tests.people import ANNA, BRAM, CASH, NOON, furnish, hold, move, named, post

pytestmark = [pytest.mark.money, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def bank() -> None:
    furnish(anna="100.00")
    post(move(ANNA, BRAM, "10.00", transfer_id=named("rent")))
    connection.check_constraints()  # else PostgreSQL refuses a TRUNCATE for the foreign keys it has yet to look at


def _execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


class TestPostings:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE accounts_posting SET amount_minor = 1",
            "DELETE FROM accounts_posting",
            pytest.param("TRUNCATE accounts_posting", marks=pytest.mark.postgres),
        ],
    )
    def test_are_never_changed_or_deleted(self, statement: str) -> None:
        with pytest.raises(IntegrityError, match="never changed or deleted"):
            _execute(statement)

        assert Posting.objects.get(transfer_id=named("rent")).amount_minor == 1000

    def test_cannot_be_replaced_row_by_row(self) -> None:
        if connection.vendor == "postgresql":
            return  # it has no such statement

        with pytest.raises(IntegrityError, match="never changed or deleted"):
            _execute("INSERT OR REPLACE INTO accounts_posting SELECT * FROM accounts_posting")

    @pytest.mark.parametrize(
        "changes",
        [
            {"amount_minor": 0},
            {"amount_minor": 10**15 + 1},
            {"transfer_id": named("rent")},
            {"debit_seq": 2},
            {"credit_seq": 1},
            {"debit_seq": None},
            {"credit_balance_after": None},
            {"credit_account_id": "the debited one"},
        ],
    )
    def test_are_refused_when_they_break_a_rule(self, changes: dict[str, object]) -> None:
        fields = Posting.objects.filter(transfer_id=named("rent")).values().get() | {
            "id": None,
            "transfer_id": named("other"),
            "debit_seq": 3,
            "credit_seq": 2,
        }
        if "credit_account_id" in changes:
            changes = {"credit_account_id": fields["debit_account_id"]}

        with pytest.raises(IntegrityError), transaction.atomic():
            Posting.objects.create(**fields | changes)


class TestAccounts:
    @pytest.mark.parametrize(
        "changes",
        [
            {"balance_minor": -1},
            {"held_minor": 9001},
            {"held_minor": -1},
            {"floor_minor": 1},
            {"floor_minor": None},
            {"ceiling_minor": 8999},
            {"status": "closed", "closed_at": NOON},
            {"closed_at": NOON},
            {"striped": True},
            {"last_seq": -1},
            {"currency": "USD"},
            {"number": "NL00"},
            {"kind": "savings"},
            {"customer": None},
        ],
    )
    def test_are_refused_when_they_break_a_rule(self, changes: dict[str, object]) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Account.objects.filter(number=ANNA).update(**changes)

    def test_keep_striped_balances_elsewhere(self) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Account.objects.filter(number=CASH).update(balance_minor=1)

    def test_have_one_stripe_of_a_number(self) -> None:
        stripe = BalanceStripe.objects.filter(account__number=CASH, stripe=0).values("account_id", "stripe").get()

        with pytest.raises(IntegrityError), transaction.atomic():
            BalanceStripe.objects.create(**stripe)

    def test_have_stripes_that_only_hold_sums(self) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            BalanceStripe.objects.filter(account__number=CASH).update(credits_minor=-1)


class TestHolds:
    def test_never_change_once_they_ended(self) -> None:
        reserved = hold(ANNA, "5.00")
        post(reserved, move(ANNA, BRAM, "1.00", releases_hold=reserved.hold_id))

        with pytest.raises(IntegrityError, match="has ended never changes"), transaction.atomic():
            Hold.objects.filter(id=reserved.hold_id).update(status="placed", captured_minor=0, ended_at=None)

    @pytest.mark.parametrize(
        "changes",
        [
            {"amount_minor": 0},
            {"captured_minor": 501},
            {"status": "released"},
            {"status": "captured", "ended_at": NOON},
            {"captured_minor": 1},
        ],
    )
    def test_are_refused_when_they_break_a_rule(self, changes: dict[str, object]) -> None:
        reserved = hold(ANNA, "5.00")
        post(reserved)

        with pytest.raises(IntegrityError), transaction.atomic():
            Hold.objects.filter(id=reserved.hold_id).update(**changes)
