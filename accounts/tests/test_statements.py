"""Statements and past balances, against the plainest way to work them out."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts import errors, selectors
from accounts.tests.people import ANNA, BRAM, CASH, NOBODY, NOON, furnish, move, named, post

pytestmark = [pytest.mark.money, pytest.mark.django_db]


class TestStatement:
    def test_shows_both_directions_newest_first(self) -> None:
        furnish(anna="100.00")
        post(move(ANNA, BRAM, "30.00", transfer_id=named("rent")), at=NOON + timedelta(hours=1))

        sent, received = selectors.statement(number=ANNA)

        assert (sent.seq, sent.amount_minor, sent.balance_after_minor, sent.transfer_id) == (2, -3000, 7000, named("rent"))
        assert (sent.counterparty, sent.counterparty_name, sent.booked_at, sent.currency) == (
            BRAM,
            "Bram",
            NOON + timedelta(hours=1),
            "EUR",
        )
        assert (received.seq, received.amount_minor, received.counterparty) == (1, 10_000, CASH)

    def test_goes_on_where_the_page_before_ended(self) -> None:
        furnish(anna="100.00")
        post(*[move(*pair, "0.01") for _ in range(5) for pair in ((ANNA, BRAM), (BRAM, ANNA), (CASH, ANNA))])
        whole = selectors.statement(number=ANNA)

        pages, before = [], None
        while page := selectors.statement(number=ANNA, before_seq=before, limit=3):
            pages += page
            before = page[-1].seq

        assert (pages, len(whole)) == (whole, 16)

    def test_takes_one_query_whatever_the_page(self) -> None:
        furnish(anna="100.00")

        with CaptureQueriesContext(connection) as captured:
            selectors.statement(number=ANNA, limit=100)

        assert len(captured) == 1

    def test_exists_for_accounts_that_exist(self) -> None:
        with pytest.raises(errors.AccountUnknown):
            selectors.statement(number=NOBODY)


class TestBalanceAt(TestCase):
    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=11))  # one in affords ten out
    def test_is_the_sum_of_what_was_booked_by_then(self, history: list[tuple[bool, int]]) -> None:
        furnish(bram="100.00")
        moment = NOON
        changes: list[tuple[datetime, int]] = []
        for comes_in, later in history:
            moment += timedelta(hours=later)
            post(move(BRAM, ANNA, "1.00") if comes_in or not changes else move(ANNA, BRAM, "0.10"), at=moment)
            changes.append((moment, 100 if comes_in or not changes else -10))

        for hours in range(-1, 38, 3):
            at = NOON + timedelta(hours=hours)
            assert selectors.balance_at(number=ANNA, at=at) == sum(amount for booked, amount in changes if booked <= at)

    def test_is_between_two_neighbours_where_clocks_disagree(self) -> None:
        furnish()
        for seconds in (0, 3, 2, 5):
            post(move(CASH, ANNA, "1.00"), at=NOON + timedelta(seconds=seconds))

        assert selectors.balance_at(number=ANNA, at=NOON + timedelta(seconds=4)) == 300
        assert selectors.balance_at(number=ANNA, at=NOON + timedelta(seconds=2.5)) in (100, 300)

    def test_exists_for_accounts_that_exist(self) -> None:
        with pytest.raises(errors.AccountUnknown):
            selectors.balance_at(number=NOBODY, at=NOON)


class TestBalances:
    def test_name_the_bank_s_own_accounts_and_sum_to_nothing(self) -> None:
        furnish(anna="100.00")

        balances = selectors.balances(currency="EUR")

        assert (balances["CASH.EUR"], balances["customers"], sum(balances.values())) == (-10_000, 10_000, 0)
