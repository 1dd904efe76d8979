"""Each check of the books finds the fault it is for, by name, and nothing in sound books."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from access import triggers
from accounts import books
from accounts.models import Account, BalanceStripe, Posting
from accounts.tests.people import ANNA, BRAM, CASH, FEES, furnish, hold, move, named, post

pytestmark = [pytest.mark.money, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def bank() -> None:
    furnish(anna="100.00", bram="50.00")
    post(move(ANNA, BRAM, "10.00", transfer_id=named("rent")), move(ANNA, FEES, "1.00"), hold(ANNA, "5.00"))


@contextmanager
def _unchecked() -> Iterator[None]:
    """Let SQLite take what its constraints refuse, as a broken disk would."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        try:
            yield
        finally:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def _found() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    with transaction.atomic():
        for difference in books.recompute():
            found.setdefault(difference.check, set()).add(difference.subject)
    return found


class TestRecompute:
    def test_finds_nothing_in_sound_books(self) -> None:
        assert _found() == {}

    def test_names_a_trigger_that_is_missing(self) -> None:
        with triggers.lifted():
            found = _found()

        assert {"accounts_posting_no_update", "accounts_hold_stays_ended"} <= found["triggers"]

    def test_says_what_it_expected_and_what_it_found(self) -> None:
        Account.objects.filter(number=BRAM).update(balance_minor=6001)

        with transaction.atomic():
            found = {difference.check: difference for difference in books.recompute()}

        assert found["balance"] == books.Difference(check="balance", subject=BRAM, expected="6000", found="6001")
        assert found["sum"] == books.Difference(check="sum", subject="EUR", expected="0", found="1")
        Account.objects.filter(number=BRAM).update(balance_minor=6000)

    def test_finds_a_place_too_many(self) -> None:
        Account.objects.filter(number=BRAM).update(last_seq=9)

        assert _found() == {"last place": {BRAM}}

    def test_finds_held_money_without_a_hold(self) -> None:
        Account.objects.filter(number=ANNA).update(held_minor=600)

        assert _found() == {"holds": {ANNA}}

    def test_finds_a_stripe_that_holds_too_much(self) -> None:
        stripe = BalanceStripe.objects.filter(account__number=CASH).order_by("-debits_minor").first()
        assert stripe is not None
        BalanceStripe.objects.filter(pk=stripe.pk).update(debits_minor=stripe.debits_minor + 1, credits_minor=1)

        assert _found() == {"stripes": {CASH}}

    def test_finds_a_stripe_that_is_missing(self) -> None:
        BalanceStripe.objects.filter(account__number="CASH.USD").first().delete()  # type: ignore[union-attr]  # it is there

        assert _found() == {"number of stripes": {"CASH.USD"}}

    def test_finds_a_posting_that_was_changed(self) -> None:
        with triggers.lifted():
            Posting.objects.filter(transfer_id=named("rent")).update(debit_balance_after=1)

        assert _found() == {"history": {ANNA}}

    def test_finds_a_posting_that_was_taken_away(self) -> None:
        with triggers.lifted():
            Posting.objects.filter(transfer_id=named("rent")).delete()

        assert _found() == {"balance": {ANNA, BRAM}, "last place": {ANNA, BRAM}, "history": {ANNA}}

    def test_finds_a_place_on_a_striped_account(self) -> None:
        with triggers.lifted():
            Posting.objects.filter(credit_account__number=FEES).update(credit_seq=1, credit_balance_after=100)

        assert _found() == {"places of striped": {FEES}}

    def test_finds_a_posting_in_another_currency(self) -> None:
        with triggers.lifted():
            Posting.objects.filter(transfer_id=named("rent")).update(currency="USD")

        assert set(_found()) == {"currency"}


class TestBelowTheConstraints:
    def test_finds_an_account_below_its_floor_and_a_closed_one_with_money(self) -> None:
        if connection.vendor == "postgresql":
            return  # its constraints cannot be switched off, only dropped; the query is the same
        with _unchecked():
            Account.objects.filter(number=ANNA).update(floor_minor=10_000)
            Account.objects.filter(number=BRAM).update(status="closed")

            found = _found()

        assert (found["limits"], found["closed"]) == ({ANNA}, {BRAM})
