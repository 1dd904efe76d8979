"""What becomes of accounts, cards and holds that are open: frozen, limited, blocked, closed."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from uuid_utils.compat import uuid7

from access import approvals
from access.errors import ApprovalNotWaiting, ApprovalOutdated, OwnApproval, ReasonMissing
from access.models import AuditEvent, User
from accounts import cards, errors, ledger, selectors, services
from accounts.models import Card, Hold
from accounts.permissions import UNFREEZE_ACCOUNT
from accounts.services.standing import UNFREEZE
from accounts.tests.people import CASH, NOON, balance, euros, held, move, open_anna, post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bank() -> None:
    services.open_internal_accounts(numbers=[CASH, "FEES.EUR", "TILL.TESS.EUR"], now=NOON)


class TestFreezing:
    def test_stops_what_leaves_until_a_second_person_agrees(self, tess: User, sam: User) -> None:
        number = open_anna(tess).checking
        post(move(CASH, number, "10.00"))

        services.freeze_account(number=number, reason="lost phone", by=tess, now=NOON)
        approval = services.ask_unfreeze(number=number, reason="phone found", by=tess, now=NOON)
        with pytest.raises(OwnApproval):
            services.unfreeze_account(approval_id=approval, by=tess, now=NOON)
        assert post(move(number, CASH, "1.00")) == [errors.AccountFrozen(account=number)]
        services.unfreeze_account(approval_id=approval, by=sam, now=NOON)

        assert post(move(number, CASH, "1.00")) == [ledger.Posted()]

    def test_is_ended_once_however_often_it_was_asked(self, tess: User, sam: User) -> None:
        number = open_anna(tess).checking
        services.freeze_account(number=number, reason="x", by=tess, now=NOON)
        first, second = (services.ask_unfreeze(number=number, reason="y", by=tess, now=NOON) for _ in range(2))
        services.unfreeze_account(approval_id=first, by=sam, now=NOON)

        with pytest.raises(ApprovalNotWaiting):
            services.unfreeze_account(approval_id=first, by=sam, now=NOON)
        with pytest.raises(errors.AccountNotFrozen):
            services.unfreeze_account(approval_id=second, by=sam, now=NOON)

    def test_is_not_ended_by_what_was_asked_about_an_earlier_one(self, tess: User, sam: User) -> None:
        number = open_anna(tess).checking
        with transaction.atomic():
            facts = {"account": number}
            older = approvals.ask(action=UNFREEZE, subject=number, facts=facts, reason="phone found", by=tess, now=NOON)
        services.freeze_account(number=number, reason="fraud", by=tess, now=NOON)

        with pytest.raises(ApprovalNotWaiting):
            services.unfreeze_account(approval_id=older, by=sam, now=NOON)

        assert selectors.account_by_number(number=number).status == "frozen"

    def test_needs_a_reason_and_an_account_it_makes_sense_for(self, tess: User) -> None:
        number = open_anna(tess).checking

        with pytest.raises(ReasonMissing):
            services.freeze_account(number=number, reason=" ", by=tess, now=NOON)
        with pytest.raises(errors.AccountInternal):
            services.freeze_account(number=CASH, reason="x", by=tess, now=NOON)
        with pytest.raises(errors.AccountUnknown):
            services.freeze_account(number="NL00", reason="x", by=tess, now=NOON)
        with pytest.raises(errors.AccountNotFrozen):
            services.ask_unfreeze(number=number, reason="x", by=tess, now=NOON)
        with pytest.raises(ReasonMissing):
            services.ask_unfreeze(number=number, reason="", by=tess, now=NOON)
        services.freeze_account(number=number, reason="x", by=tess, now=NOON)
        with pytest.raises(errors.AccountFrozen):
            services.freeze_account(number=number, reason="x", by=tess, now=NOON)

    def test_stays_when_the_second_person_refuses(self, tess: User, sam: User) -> None:
        number = open_anna(tess).checking
        services.freeze_account(number=number, reason="x", by=tess, now=NOON)
        approval = services.ask_unfreeze(number=number, reason="y", by=tess, now=NOON)

        with transaction.atomic():
            approvals.refuse(approval, UNFREEZE, permission=UNFREEZE_ACCOUNT, by=sam, reason="not yet", now=NOON)

        assert selectors.account_by_number(number=number).status == "frozen"
        with pytest.raises(ApprovalNotWaiting):
            services.unfreeze_account(approval_id=approval, by=sam, now=NOON)


class TestCreditLimits:
    def test_that_changed_meanwhile_are_not_raised_by_an_older_question(self, tess: User, sam: User) -> None:
        number = open_anna(tess).checking
        first, second = (
            services.set_credit_limit(number=number, limit_minor=minor, reason="salary", by=tess, now=NOON) for minor in (9_000, 5_000)
        )
        assert first
        assert second
        services.raise_credit_limit(approval_id=second, by=sam, now=NOON)

        with pytest.raises(ApprovalOutdated):
            services.raise_credit_limit(approval_id=first, by=sam, now=NOON)

        assert selectors.account_by_number(number=number).floor_minor == -5_000

    def test_rise_when_a_second_person_agrees(self, tess: User, sam: User) -> None:
        number = open_anna(tess).checking

        approval = services.set_credit_limit(number=number, limit_minor=5000, reason="salary", by=tess, now=NOON)
        assert approval is not None
        assert post(move(number, CASH, "50.00"))[0] != ledger.Posted()
        services.raise_credit_limit(approval_id=approval, by=sam, now=NOON)

        assert (post(move(number, CASH, "50.00")), balance(number)) == ([ledger.Posted()], "-50.00")

    def test_are_not_raised_by_an_approval_of_something_else(self, tess: User, sam: User) -> None:
        number = open_anna(tess).checking
        services.freeze_account(number=number, reason="x", by=tess, now=NOON)
        approval = services.ask_unfreeze(number=number, reason="y", by=tess, now=NOON)

        with pytest.raises(ApprovalNotWaiting):
            services.raise_credit_limit(approval_id=approval, by=sam, now=NOON)

        services.unfreeze_account(approval_id=approval, by=sam, now=NOON)

    def test_fall_at_once_but_not_below_what_is_used(self, tess: User, sam: User) -> None:
        number = open_anna(tess).checking
        approval = services.set_credit_limit(number=number, limit_minor=5000, reason="salary", by=tess, now=NOON)
        assert approval is not None
        services.raise_credit_limit(approval_id=approval, by=sam, now=NOON)
        post(move(number, CASH, "20.00"))

        assert services.set_credit_limit(number=number, limit_minor=2000, reason="caution", by=tess, now=NOON) is None
        with pytest.raises(errors.LimitInUse):
            services.set_credit_limit(number=number, limit_minor=1999, reason="caution", by=tess, now=NOON)

        assert selectors.account_by_number(number=number).floor_minor == -2000

    @pytest.mark.parametrize("limit", [-1, 10**15 + 1])
    def test_are_amounts_for_a_reason(self, tess: User, limit: int) -> None:
        with pytest.raises(errors.LimitInvalid):
            services.set_credit_limit(number=open_anna(tess).checking, limit_minor=limit, reason="x", by=tess, now=NOON)
        with pytest.raises(ReasonMissing):
            services.set_credit_limit(number="NL00", limit_minor=1, reason="", by=tess, now=NOON)


class TestClosing:
    def test_takes_an_empty_account_and_its_cards(self, tess: User) -> None:
        anna = open_anna(tess)

        services.close_account(number=anna.checking, by=tess, now=NOON)

        assert selectors.account_by_number(number=anna.checking).status == "closed"
        assert Card.objects.get(id=anna.card_id).status == "blocked"
        with pytest.raises(errors.AccountClosed):
            services.close_account(number=anna.checking, by=tess, now=NOON)

    def test_refuses_money_and_holds(self, tess: User) -> None:
        number = open_anna(tess).checking
        post(move(CASH, number, "1.00"))

        with pytest.raises(errors.AccountNotEmpty):
            services.close_account(number=number, by=tess, now=NOON)

    def test_refuses_a_frozen_account(self, tess: User) -> None:
        number = open_anna(tess).checking
        services.freeze_account(number=number, reason="x", by=tess, now=NOON)

        with pytest.raises(errors.AccountFrozen):
            services.close_account(number=number, by=tess, now=NOON)

    def test_lets_a_customer_go_whose_accounts_are_closed(self, tess: User) -> None:
        anna = open_anna(tess)
        services.close_account(number=anna.checking, by=tess, now=NOON)
        with pytest.raises(errors.CustomerHasAccounts, match=anna.savings):
            services.close_customer(customer_id=anna.id, by=tess, now=NOON)
        services.close_account(number=anna.savings, by=tess, now=NOON)

        services.close_customer(customer_id=anna.id, by=tess, now=NOON)

        with pytest.raises(errors.CustomerClosed):
            services.open_account(customer_id=anna.id, kind="checking", currency="EUR", by=tess, now=NOON)


class TestCards:
    def test_show_their_number_once_and_keep_four_digits(self, tess: User) -> None:
        card, full_number = services.issue_card(number=open_anna(tess).checking, by=tess, now=NOON)

        assert cards.is_card_number(full_number)
        assert (card.last_four, len(card.token), card.expires_date > NOON.date()) == (full_number[-4:], 43, True)
        assert full_number not in str(list(Card.objects.values())) + str(list(AuditEvent.objects.values()))

    def test_are_blocked_unblocked_and_replaced_for_good(self, tess: User) -> None:
        card_id = open_anna(tess).card_id

        services.block_card(card_id=card_id, reason="lost", by=tess, now=NOON)
        services.unblock_card(card_id=card_id, reason="found", by=tess, now=NOON)
        new, _ = services.replace_card(card_id=card_id, reason="worn", by=tess, now=NOON)

        assert (Card.objects.get(id=card_id).status, new.status, new.account_id) == (
            "replaced",
            "active",
            Card.objects.get(id=card_id).account_id,
        )
        with pytest.raises(errors.CardStatusWrong):
            services.unblock_card(card_id=card_id, reason="x", by=tess, now=NOON)

    def test_must_exist_and_be_given_a_reason(self, tess: User) -> None:
        for service in (services.block_card, services.unblock_card, services.replace_card):
            with pytest.raises(errors.CardUnknown):
                service(card_id=uuid7(), reason="x", by=tess, now=NOON)
        with pytest.raises(ReasonMissing):
            services.block_card(card_id=uuid7(), reason="", by=tess, now=NOON)
        with pytest.raises(ReasonMissing):
            services.unblock_card(card_id=uuid7(), reason="", by=tess, now=NOON)


class TestCardNumbers:
    def test_are_right_by_luhn_and_nobody_s(self) -> None:
        numbers = {cards.new_number() for _ in range(200)}

        assert len(numbers) == 200
        assert all(cards.is_card_number(number) and number.startswith("999999") for number in numbers)

    @pytest.mark.parametrize(
        ("text", "right"), [("4111111111111111", True), ("4111111111111112", False), ("411111111111111", False), ("", False)]
    )
    def test_are_checked_as_iso_7812_says(self, text: str, right: bool) -> None:
        assert cards.is_card_number(text) is right


class TestHolds:
    def _place(self, number: str, by: User) -> UUID:
        return services.place_hold(
            number=number, amount=euros("5.00"), purpose="hotel", expires_at=NOON + timedelta(days=1), by=by, now=NOON
        )

    def test_are_placed_and_released(self, tess: User) -> None:
        number = open_anna(tess).checking
        post(move(CASH, number, "10.00"))

        hold_id = self._place(number, tess)
        assert [(row.id, row.amount_minor, row.purpose) for row in selectors.holds_of(number=number)] == [(hold_id, 500, "hotel")]
        services.release_hold(hold_id=hold_id, by=tess, now=NOON)

        assert (held(number), selectors.holds_of(number=number), len(selectors.holds_of(number=number, only_placed=False))) == (
            "0.00",
            [],
            1,
        )
        with pytest.raises(errors.HoldEnded):
            services.release_hold(hold_id=hold_id, by=tess, now=NOON)

    def test_expire_once(self, tess: User) -> None:
        number = open_anna(tess).checking
        post(move(CASH, number, "10.00"))
        self._place(number, tess)

        counts = [services.expire_holds(now=NOON + timedelta(hours=hours)) for hours in (23, 24, 25)]

        assert (counts, held(number)) == ([0, 1, 0], "0.00")

    def test_hold_nothing_once_their_time_is_over_though_nobody_swept(self, tess: User) -> None:
        number = open_anna(tess).checking
        post(move(CASH, number, "10.00"))
        hold_id = self._place(number, tess)

        before = post(move(number, CASH, "8.00"), at=NOON + timedelta(hours=23))
        after = post(move(number, CASH, "8.00"), at=NOON + timedelta(hours=24))

        assert isinstance(before[0], errors.InsufficientFunds)
        assert isinstance(after[0], ledger.Posted)
        assert (balance(number), held(number), Hold.objects.get(id=hold_id).status) == ("2.00", "0.00", "expired")
        assert services.expire_holds(now=NOON + timedelta(hours=25)) == 0

    def test_are_refused_with_the_ledger_s_own_words(self, tess: User) -> None:
        with pytest.raises(errors.InsufficientFunds):
            self._place(open_anna(tess).checking, tess)
        with pytest.raises(errors.AccountInternal):
            self._place(CASH, tess)
        with pytest.raises(errors.HoldUnknown):
            services.release_hold(hold_id=uuid7(), by=tess, now=NOON)

    def test_of_an_order_that_waits_end_with_its_decision(self, tess: User) -> None:
        number = open_anna(tess).checking
        step = ledger.Hold(hold_id=uuid7(), account=number, amount=euros("5.00"))
        post(move(CASH, number, "10.00"), step)

        with pytest.raises(errors.HoldReserved):
            services.release_hold(hold_id=step.hold_id, by=tess, now=NOON)

        assert held(number) == "5.00"
