"""Orders of this bank's own customers, up to where they leave."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from access.errors import DomainError, NotAllowed, OwnApproval
from access.models import Approval
from access.site import acting_as
from accounts import ledger
from accounts.errors import AccountUnknown, CurrencyMismatch, CurrencyNotOffered, InsufficientFunds
from accounts.iban import make
from accounts.models import Account, Posting
from accounts.money import Money
from messaging.models import Message, Peer
from transfers import errors, services
from transfers.events import REQUESTED
from transfers.models import Transfer, TransferEvent
from transfers.orders import Accepted, Adjustment, Deposit, Payment, Reversal, Withdrawal
from transfers.tests.people import (
    ANNA,
    BRAM,
    MISPRINT,
    NOON,
    ZOE,
    announced,
    approval_of,
    balance,
    euros,
    held,
    holds,
    legs,
    paid,
    pay,
    submit,
    supervisor,
    teller,
    with_limits,
)

pytestmark = pytest.mark.money


class TestCash:
    def test_a_deposit_comes_from_the_vault(self) -> None:
        [outcome] = submit(Deposit(account=BRAM, amount=euros("12.50")))

        assert isinstance(outcome, Accepted)
        assert (outcome.kind, outcome.status) == ("deposit", "completed")
        assert legs(outcome.transfer_id) == {"book": ("CASH.EUR", BRAM, 1250)}
        assert balance(BRAM) == 1250

    def test_a_withdrawal_takes_what_is_there(self) -> None:
        first, second = submit(Withdrawal(account=ANNA, amount=euros("60")), Withdrawal(account=ANNA, amount=euros("60")))

        assert isinstance(first, Accepted)
        assert second == InsufficientFunds(account=ANNA, available_minor=4000, amount_minor=6000, currency="EUR")
        assert balance(ANNA) == 4000

    def test_cash_needs_an_account_of_this_bank(self) -> None:
        outcomes = submit(Deposit(account=ZOE, amount=euros("1")), Deposit(account="CASH.EUR", amount=euros("1")))

        assert outcomes == [errors.NotOurAccount(number=ZOE), errors.IbanInvalid(number="CASH.EUR")]


class TestPayment:
    def test_within_the_bank_is_completed_at_once(self) -> None:
        transfer = paid(BRAM, "10.00", reference="rent", end_to_end_id="E1")

        assert (transfer.kind, transfer.status, transfer.creditor_name, transfer.debtor_name) == ("internal", "completed", "Bram", "Anna")
        assert legs(transfer) == {"book": (ANNA, BRAM, 1000)}
        assert (balance(ANNA), balance(BRAM)) == (9000, 1000)
        assert list(TransferEvent.objects.filter(transfer=transfer).values_list("type", flat=True)) == ["completed"]

    def test_to_another_bank_is_debited_with_its_fee_and_announced(self) -> None:
        transfer = paid(ZOE, "10.00")

        assert (transfer.kind, transfer.status, transfer.fee_minor) == ("outgoing", "pending", 25)
        assert legs(transfer) == {"book": (ANNA, "CLEARING.BNKB.EUR", 1000), "fee": (ANNA, "FEES.EUR", 25)}
        assert (balance(ANNA), balance("CLEARING.BNKB.EUR"), balance("FEES.EUR")) == (8975, 1000, 25)
        [order] = announced(REQUESTED)
        assert (order.id, order.amount_minor, order.creditor_iban, order.debtor_iban) == (transfer.id, 1000, ZOE, ANNA)
        message = Message.objects.get()
        assert (message.id, message.open_items, message.destination) == (transfer.message, 1, "BNKB")

    def test_whose_fee_cannot_be_paid_leaves_nothing_behind(self) -> None:
        outcome = pay(ZOE, "99.90")

        assert isinstance(outcome, InsufficientFunds)
        assert balance(ANNA) == 10_000
        assert not Transfer.objects.filter(kind="outgoing").exists()
        assert not Message.objects.exists()

    @pytest.mark.parametrize(
        ("order", "refusal"),
        [
            ({"creditor": MISPRINT}, errors.IbanInvalid(number=MISPRINT)),
            ({"creditor": "CASH.EUR"}, errors.IbanInvalid(number="CASH.EUR")),
            ({"creditor": ""}, errors.IbanInvalid(number="")),
            ({"debtor": ZOE, "creditor": ANNA}, errors.NotOurAccount(number=ZOE)),
            ({"amount": Money(1, "JPY")}, CurrencyNotOffered(currency="JPY", offered="EUR, USD")),
            ({"reference": "x" * 141}, errors.TextInvalid(field="the reference", longest=140)),
            ({"reference": "two\nlines"}, errors.TextInvalid(field="the reference", longest=140)),
            ({"creditor_name": "nul\0"}, errors.TextInvalid(field="the creditor's name", longest=140)),
            ({"end_to_end_id": "x" * 36}, errors.TextInvalid(field="the end-to-end id", longest=35)),
        ],
    )
    def test_is_refused_for_what_can_be_seen(self, order: dict[str, object], refusal: DomainError) -> None:
        plain: dict[str, object] = {"debtor": ANNA, "creditor": ZOE, "creditor_name": "Zoë", "amount": euros("1")}

        [outcome] = submit(Payment(**(plain | order)))  # type: ignore[arg-type]

        assert outcome == refusal
        assert balance(ANNA) == 10_000

    def test_is_refused_by_its_accounts(self) -> None:
        nobody = make("NL", "BNKA", 9)
        dollars = Payment(debtor=ANNA, creditor=BRAM, creditor_name="Bram", amount=Money(5, "USD"))

        assert isinstance(pay(nobody, "1"), AccountUnknown)
        assert isinstance(submit(dollars)[0], CurrencyMismatch)
        assert not Transfer.objects.exclude(kind="deposit").exists()

    def test_to_a_bank_that_is_unknown_suspended_or_closed_is_refused_before_any_debit(self) -> None:
        Peer.objects.filter(code="BNKC").delete()
        to_c = make("NL", "BNKC", 1)
        unknown = pay(to_c)
        Peer.objects.filter(code="BNKB").update(status="suspended")
        suspended = pay(ZOE)
        Peer.objects.filter(code="BNKB").update(status="closed")
        closed = pay(ZOE)

        assert [unknown, suspended, closed] == [
            errors.BankUnknown(bank="BNKC"),
            errors.BankSuspended(bank="BNKB"),
            errors.BankClosed(bank="BNKB"),
        ]
        assert balance(ANNA) == 10_000

    def test_needs_the_permission(self) -> None:
        with pytest.raises(NotAllowed):
            services.submit(orders=[Deposit(account=ANNA, amount=euros("1"))], by=supervisor(), now=NOON)


class TestBatch:
    def test_books_what_it_can_in_order(self) -> None:
        creditors = (BRAM, ZOE, MISPRINT, BRAM, BRAM)

        outcomes = submit(*[Payment(debtor=ANNA, creditor=creditor, creditor_name="", amount=euros("30")) for creditor in creditors])

        assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted, errors.IbanInvalid, Accepted, InsufficientFunds]
        assert (balance(ANNA), balance(BRAM)) == (975, 6000)

    def test_all_or_nothing_books_nothing_when_one_is_refused(self) -> None:
        good = Payment(debtor=ANNA, creditor=BRAM, creditor_name="", amount=euros("30"))
        bad = Payment(debtor=ANNA, creditor=MISPRINT, creditor_name="", amount=euros("30"))
        dear = Payment(debtor=ANNA, creditor=BRAM, creditor_name="", amount=euros("80"))

        seen = submit(good, bad, atomic=True)
        short = submit(good, dear, atomic=True)

        assert seen == [errors.OthersRefused(), errors.IbanInvalid(number=MISPRINT)]
        assert all(isinstance(outcome, InsufficientFunds) for outcome in short)
        assert balance(ANNA) == 10_000

    def test_all_or_nothing_counts_orders_that_would_only_wait(self) -> None:
        with acting_as(with_limits(EUR=5000)):
            outcomes = submit(
                Deposit(account=ANNA, amount=euros("60")),
                Payment(debtor=BRAM, creditor=ANNA, creditor_name="", amount=euros("1")),
                atomic=True,
            )

        assert [type(outcome) for outcome in outcomes] == [errors.OthersRefused, InsufficientFunds]
        assert not Approval.objects.exists()

    def test_a_dry_run_says_what_would_happen_and_changes_nothing(self) -> None:
        before = (Posting.objects.count(), Transfer.objects.count(), Message.objects.count(), Approval.objects.count())

        outcomes = submit(
            Payment(debtor=ANNA, creditor=ZOE, creditor_name="", amount=euros("10")),
            Payment(debtor=ANNA, creditor=BRAM, creditor_name="", amount=euros("100")),
            dry_run=True,
        )

        assert [type(outcome) for outcome in outcomes] == [Accepted, InsufficientFunds]
        assert balance(ANNA) == 10_000
        assert (Posting.objects.count(), Transfer.objects.count(), Message.objects.count(), Approval.objects.count()) == before

    def test_takes_as_many_statements_for_one_as_for_two_hundred(self) -> None:
        user = teller()
        user.get_all_permissions()
        paid(ZOE, "0.01")
        one = [Payment(debtor=ANNA, creditor=ZOE, creditor_name="", amount=euros("0.01"))]

        with CaptureQueriesContext(connection) as single:
            services.submit(orders=one, by=user, now=NOON)
        with CaptureQueriesContext(connection) as batch:
            services.submit(orders=one * 200, by=user, now=NOON)

        assert len(single) == len(batch)

    def test_bundles_by_destination_and_partition(self) -> None:
        creditors = [make("NL", bank, serial) for bank in ("BNKB", "BNKC") for serial in range(1, 40)]

        submit(*[Payment(debtor=ANNA, creditor=creditor, creditor_name="", amount=euros("0.10")) for creditor in creditors])

        messages = Message.objects.values_list("destination", "partition", "open_items")
        assert sum(items for _, _, items in messages) == 78
        assert len({(destination, partition) for destination, partition, _ in messages}) == len(messages) == 8


class TestApproval:
    @pytest.fixture(autouse=True)
    def low_limit(self) -> object:
        with acting_as(with_limits(EUR=5000)):
            yield

    def test_above_the_limit_waits_with_a_hold_of_amount_and_fee(self) -> None:
        transfer = paid(ZOE, "60.00")

        assert transfer.status == "awaiting-approval"
        assert (balance(ANNA), held(ANNA)) == (10_000, 6025 if transfer.fee_minor else 6000)
        assert Approval.objects.get().subject == f"transfer:{transfer.id}"
        assert not Message.objects.exists()

    def test_what_is_held_cannot_be_spent(self) -> None:
        paid(BRAM, "60.00")

        outcome = pay(BRAM, "45.00")

        assert outcome == InsufficientFunds(account=ANNA, available_minor=4000, amount_minor=4500, currency="EUR")

    def test_is_booked_and_sent_when_approved(self) -> None:
        transfer = paid(ZOE, "60.00")
        later = NOON.replace(hour=15)

        services.approve_transfer(approval_id=approval_of(transfer), by=supervisor(), now=later)

        transfer.refresh_from_db()
        assert transfer.status == "pending"
        assert transfer.expires_at is not None
        assert (transfer.expires_at - later).total_seconds() == 86_400
        assert balance(ANNA) == 10_000 - 6000 - transfer.fee_minor
        assert held(ANNA) == 0
        assert [order.id for order in announced(REQUESTED)] == [transfer.id]

    def test_is_judged_anew_and_a_refusal_stands(self) -> None:
        transfer = paid(BRAM, "60.00")
        Account.objects.filter(number=BRAM).update(status="closed", closed_at=NOON)

        outcome = services.approve_transfer(approval_id=approval_of(transfer), by=supervisor(), now=NOON)

        transfer.refresh_from_db()
        assert isinstance(outcome, DomainError)
        assert (transfer.status, transfer.reason) == ("refused", "account-closed")
        assert (balance(ANNA), held(ANNA)) == (10_000, 0)
        assert Approval.objects.get().status == "approved"

    def test_to_a_bank_suspended_since_is_refused(self) -> None:
        transfer = paid(ZOE, "60.00")
        Peer.objects.filter(code="BNKB").update(status="suspended")

        services.approve_transfer(approval_id=approval_of(transfer), by=supervisor(), now=NOON)

        transfer.refresh_from_db()
        assert (transfer.status, transfer.reason, held(ANNA)) == ("refused", "bank-suspended", 0)

    def test_nobody_decides_what_they_entered(self) -> None:
        order = Payment(debtor=ANNA, creditor=BRAM, creditor_name="", amount=euros("60"))
        [outcome] = services.submit(orders=[order], by=supervisor(), now=NOON)
        assert isinstance(outcome, Accepted)
        transfer = Transfer.objects.get(id=outcome.transfer_id)

        with pytest.raises(OwnApproval):
            services.approve_transfer(approval_id=approval_of(transfer), by=supervisor(), now=NOON)

        assert held(ANNA) == 6000

    def test_refused_frees_the_hold(self) -> None:
        transfer = paid(BRAM, "60.00")

        services.refuse_transfer(approval_id=approval_of(transfer), by=supervisor(), reason="not today", now=NOON)

        transfer.refresh_from_db()
        assert (transfer.status, transfer.reason) == ("refused", "approval-refused")
        assert (held(ANNA), holds()) == (0, [(6000, "released")])

    def test_expires_when_nobody_decides(self) -> None:
        paid(BRAM, "60.00")
        early = services.expire_approvals(now=NOON.replace(hour=23))

        late = services.expire_approvals(now=NOON.replace(day=4))

        assert (early, late, services.expire_approvals(now=NOON.replace(day=5))) == (0, 1, 0)
        assert Transfer.objects.get(kind="internal").reason == "approval-expired"
        assert Approval.objects.get().status == "expired"
        assert held(ANNA) == 0

    def test_a_deposit_above_the_limit_waits_without_a_hold(self) -> None:
        [outcome] = submit(Deposit(account=BRAM, amount=euros("60")))
        assert isinstance(outcome, Accepted)
        transfer = Transfer.objects.get(id=outcome.transfer_id)

        services.approve_transfer(approval_id=approval_of(transfer), by=supervisor(), now=NOON)

        assert holds() == []
        assert balance(BRAM) == 6000

    def test_an_order_that_would_wait_in_vain_is_refused_at_entry(self) -> None:
        assert isinstance(pay(make("NL", "BNKA", 9), "60"), AccountUnknown)
        assert not Approval.objects.exists()


class TestReversal:
    def approve(self, outcome: object) -> Transfer:
        assert isinstance(outcome, Accepted), outcome
        transfer = Transfer.objects.get(id=outcome.transfer_id)
        services.approve_transfer(approval_id=approval_of(transfer), by=supervisor(), now=NOON)
        transfer.refresh_from_db()
        return transfer

    def test_takes_the_money_back_once_a_second_person_agrees(self) -> None:
        original = paid(BRAM, "10.00")

        reversal = self.approve(submit(Reversal(transfer_id=original.id, reason="wrong account"))[0])

        assert (reversal.kind, reversal.status) == ("reversal", "completed")
        assert legs(reversal) == {"book": (BRAM, ANNA, 1000)}
        assert (balance(ANNA), balance(BRAM)) == (10_000, 0)

    def test_happens_once(self) -> None:
        original = paid(BRAM, "10.00")
        twice = Reversal(transfer_id=original.id, reason="wrong account")

        outcomes = submit(twice, twice)
        again = submit(twice)

        assert isinstance(outcomes[0], Accepted)
        assert [outcomes[1], *again] == [errors.AlreadyReversed(transfer=str(original.id))] * 2

    def test_once_refused_may_be_asked_again(self) -> None:
        original = paid(BRAM, "10.00")
        twice = Reversal(transfer_id=original.id, reason="wrong account")
        submit(twice)
        services.refuse_transfer(approval_id=Approval.objects.get().id, by=supervisor(), reason="it was right", now=NOON)

        assert isinstance(submit(twice)[0], Accepted)

    def test_is_not_for_money_that_left(self) -> None:
        original = paid(ZOE, "10.00")

        [outcome] = submit(Reversal(transfer_id=original.id, reason="wrong account"))

        assert outcome == errors.NotReversible(transfer=str(original.id), kind="outgoing", status="pending")

    def test_an_adjustment_moves_between_the_banks_own_accounts(self) -> None:
        adjustment = self.approve(submit(Adjustment(debit="CASH.EUR", credit="SUSPENSE.EUR", amount=euros("5"), reason="found"))[0])

        assert (adjustment.kind, adjustment.status) == ("adjustment", "completed")
        assert balance("SUSPENSE.EUR") == 500
        assert submit(Adjustment(debit=ANNA, credit=BRAM, amount=euros("5"), reason="no")) == [
            errors.AdjustmentNotInternal(debit=ANNA, credit=BRAM)
        ]

    def test_an_adjustment_opens_no_account(self) -> None:
        unheard_of, no_currency = "CLEARING.NOBO.EUR", "CLEARING.BNKB.ZZZ"

        outcomes = submit(
            Adjustment(debit="CASH.EUR", credit=unheard_of, amount=euros("5"), reason="typo"),
            Adjustment(debit="CASH.EUR", credit=no_currency, amount=euros("5"), reason="typo"),
        )

        assert outcomes == [AccountUnknown(account=unheard_of), AccountUnknown(account=no_currency)]
        assert not Account.objects.filter(number__startswith="CLEARING").exists()


class TestDatabase:
    def test_refuses_what_no_state_allows(self) -> None:
        transfer = paid(BRAM, "10.00")

        with pytest.raises(IntegrityError), transaction.atomic():
            Transfer.objects.filter(id=paid(ZOE).id).update(status="credited")
        with pytest.raises(IntegrityError), transaction.atomic():
            Transfer.objects.filter(id=transfer.id).update(status="refused")
        with pytest.raises(IntegrityError), transaction.atomic():
            Transfer.objects.filter(id=transfer.id).update(amount_minor=1)
        with pytest.raises(IntegrityError), transaction.atomic():
            TransferEvent.objects.filter(transfer=transfer).update(type="refused")
        with pytest.raises(IntegrityError), transaction.atomic():
            Transfer.objects.filter(id=transfer.id)._raw_delete(using="default")

    def test_names_a_transfer_once(self) -> None:
        twin = paid(BRAM, "10.00")
        twin.id = uuid4()

        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save(force_insert=True)


class TestHold:
    def place(self, amount: str) -> UUID:
        hold = uuid4()
        with transaction.atomic():
            step = ledger.Hold(hold_id=hold, account=ANNA, amount=euros(amount), expires_at=NOON + timedelta(days=1))
            ledger.post(steps=[step], booked_at=NOON)
        return hold

    def test_is_captured_by_a_payment_and_the_rest_is_free(self) -> None:
        hold = self.place("60.00")

        paid(BRAM, "45.00", captures=hold)

        assert holds() == [(6000, "captured")]
        assert (balance(ANNA), held(ANNA)) == (5500, 0)

    def test_pays_what_is_held_and_nothing_else(self) -> None:
        self.place("60.00")

        outcome = pay(BRAM, "45.00")

        assert isinstance(outcome, InsufficientFunds)

    def test_stays_for_a_capture_that_waits_for_a_second_person(self) -> None:
        hold = self.place("60.00")
        with acting_as(with_limits(EUR=1)):
            transfer = paid(BRAM, "45.00", captures=hold)

        services.approve_transfer(approval_id=approval_of(transfer), by=supervisor(), now=NOON)

        assert sorted(holds()) == [(4500, "released"), (6000, "released")]
        assert (balance(ANNA), held(ANNA)) == (5500, 0)


class TestWords:
    def test_of_every_refusal_say_what_to_do(self) -> None:
        outcomes = submit(
            *[Payment(debtor=ANNA, creditor=creditor, creditor_name="", amount=euros("900")) for creditor in (MISPRINT, ZOE, ANNA)],
            Payment(debtor=ZOE, creditor=ANNA, creditor_name="", amount=Money(1, "JPY"), reference="\n"),
            Payment(debtor=ANNA, creditor=ZOE, creditor_name="", amount=Money(1, "JPY")),
            Reversal(transfer_id=uuid4(), reason="wrong"),
            Adjustment(debit=ANNA, credit=BRAM, amount=euros("1"), reason="wrong"),
        )

        assert all(len(str(outcome)) > 40 for outcome in outcomes if isinstance(outcome, DomainError))
