"""A bank that owes the others as much as it may: it sends nothing until it has settled, and everything else goes on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.site import acting_as
from access.tests.people import at_once
from accounts import iban
from accounts.models import Account
from banksite import selectors as site_selectors
from messaging.models import Peer
from transfers import errors, services
from transfers.models import Transfer
from transfers.orders import Accepted, Payment
from transfers.tests.people import (
    ANNA,
    BRAM,
    NOON,
    SITE,
    YARA,
    ZOE,
    approval_of,
    asked,
    balance,
    euros,
    paid,
    pay,
    receive,
    submit,
    supervisor,
)

CLEARING = "CLEARING.BNKB.EUR"


def cap(cap_minor: int, *, currency: str = "EUR") -> None:
    """Let the directory say how much this bank may owe."""
    caps = {currency: cap_minor}
    Peer.objects.create(code="BNKA", name="Bank A", topic="external-transfers.BNKA", partitions=4, status="active", debit_caps=caps)


def refused(outcome: object) -> bool:
    return isinstance(outcome, errors.NetDebitCapReached)


class TestACap:
    def test_lets_out_what_is_owed_in_all_up_to_it(self) -> None:
        cap(2_000)

        outcomes = [pay(ZOE, "15.00"), pay(ZOE, "5.01"), pay(ZOE, "5.00"), pay(ZOE, "0.01")]

        assert [refused(outcome) for outcome in outcomes] == [False, True, False, True]
        assert balance(CLEARING) == 2_000

    def test_says_with_numbers_what_is_in_the_way(self) -> None:
        cap(2_000)
        paid(ZOE, "15.00")

        outcome = pay(ZOE, "6.00")

        assert outcome == errors.NetDebitCapReached(currency="EUR", cap_minor=2_000, owed_minor=1_500, amount_minor=600)
        assert Transfer.objects.filter(kind="outgoing").count() == 1

    def test_counts_what_the_others_owe_this_bank(self) -> None:
        cap(2_000)
        receive(asked(1_000))

        assert not refused(pay(ZOE, "30.00"))
        assert refused(pay(ZOE, "0.01"))

    def test_counts_the_debts_to_all_banks_together(self) -> None:
        cap(2_000)
        paid(ZOE, "15.00")

        assert refused(pay(iban.make("NL", "BNKC", 1), "6.00"))

    def test_judges_a_batch_as_a_whole(self) -> None:
        cap(2_000)

        outcomes = submit(*[Payment(debtor=ANNA, creditor=ZOE, creditor_name="Zoë", amount=euros("7.00")) for _ in range(4)])

        assert [refused(outcome) for outcome in outcomes] == [False, False, True, True]

    def test_is_not_used_up_by_what_waits_for_a_second_person(self) -> None:
        cap(2_000)

        with acting_as(replace(SITE, approval_limits={"EUR": 1_000})):
            outcomes = submit(*[Payment(debtor=ANNA, creditor=ZOE, creditor_name="Zoë", amount=euros(each)) for each in ("15.00", "9.00")])

        assert [outcome.status for outcome in outcomes if isinstance(outcome, Accepted)] == ["awaiting-approval", "pending"]

    def test_stops_nothing_inside_the_bank_and_nothing_that_arrives(self) -> None:
        cap(0)

        inside = submit(Payment(debtor=ANNA, creditor=BRAM, creditor_name="Bram", amount=euros("5.00")))[0]
        receive(asked(700))

        assert isinstance(inside, Accepted)
        assert Transfer.objects.get(kind="incoming").status == "credited"

    def test_is_of_one_currency(self) -> None:
        cap(0, currency="USD")

        assert not refused(pay(ZOE, "10.00"))

    def test_is_asked_again_when_a_second_person_approves(self) -> None:
        Account.objects.filter(number=ANNA).update(floor_minor=-10_000_000)
        cap(2_000_000)
        waiting = paid(ZOE, "15000.00")
        paid(YARA, "8000.00")

        outcome = services.approve_transfer(approval_id=approval_of(waiting), by=supervisor(), now=NOON + timedelta(minutes=1))

        assert refused(outcome)
        assert Transfer.objects.get(id=waiting.id).status == "refused"

    def test_costs_a_bank_without_one_no_question_and_a_bank_with_one_a_single_question(self) -> None:
        paid(ZOE, "1.00")
        with CaptureQueriesContext(connection) as without:
            paid(ZOE, "1.00")
        cap(5_000)

        with CaptureQueriesContext(connection) as within:
            paid(ZOE, "1.00")

        assert len(within) - len(without) == 1

    def test_alarms_at_eighty_percent(self) -> None:
        cap(2_000)
        paid(ZOE, "15.99")
        before = sign()
        paid(ZOE, "0.01")

        assert (before, sign()) == (False, True)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestPaymentsAtTheSameMoment:
    CROWD, ROUNDS = 6, 12

    def test_go_beyond_the_cap_by_no_more_than_is_under_way(self) -> None:
        cap(2_000)

        def spend() -> int:
            return sum(isinstance(pay(ZOE, "1.00"), Accepted) for _ in range(self.ROUNDS))

        accepted = sum(at_once([spend for _ in range(self.CROWD)]))

        assert balance(CLEARING) == accepted * 100
        assert 20 <= accepted <= 20 + self.CROWD - 1
        assert refused(pay(ZOE, "1.00"))


def sign() -> bool:
    """Return whether `status` alarms about the cap."""
    return next(sign.is_red for sign in site_selectors.state(now=NOON).signs if sign.code == "debit-cap-EUR")
