"""What the ledger does with steps, and what it answers."""

import pytest
from django.db import IntegrityError, transaction
from uuid_utils.compat import uuid7

from access.errors import DomainError
from access.sets import Insert
from accounts import errors, ledger
from accounts.models import Account, BalanceStripe, NumberSeries, Posting
from accounts.tests.people import (
    ANNA,
    BRAM,
    CARLA,
    CASH,
    CLEARING,
    DIRK,
    NOBODY,
    NOON,
    SUSPENSE,
    balance,
    furnish,
    hold,
    move,
    named,
    open_plainly,
    post,
    set_status,
)

pytestmark = [pytest.mark.money, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def bank() -> None:
    furnish(anna="100.00", bram="50.00")


class TestAMove:
    def test_debits_one_account_and_credits_the_other(self) -> None:
        assert post(move(ANNA, BRAM, "30.00")) == [ledger.Posted()]

        assert (balance(ANNA), balance(BRAM)) == ("70.00", "80.00")

    def test_gives_each_side_its_place_and_balance(self) -> None:
        post(move(ANNA, BRAM, "30.00", transfer_id=named("rent")))

        row = Posting.objects.get(transfer_id=named("rent"))
        assert (row.debit_seq, row.debit_balance_after, row.credit_seq, row.credit_balance_after) == (2, 7000, 2, 8000)
        assert (row.leg, row.amount_minor, row.currency, row.booked_at) == ("book", 3000, "EUR", NOON)

    def test_keeps_a_striped_side_in_its_stripe_alone(self) -> None:
        post(move(CASH, CARLA, "5.00", transfer_id=named("deposit")))

        row, cash = Posting.objects.get(transfer_id=named("deposit")), Account.objects.get(number=CASH)
        assert (row.debit_seq, row.debit_balance_after) == (None, None)
        assert (cash.balance_minor, cash.last_seq, balance(CASH)) == (0, 0, "-155.00")
        assert BalanceStripe.objects.filter(account=cash, debits_minor__gt=0).count() == 1

    @pytest.mark.parametrize(
        ("step", "refusal"),
        [
            (move(NOBODY, BRAM, "1.00"), errors.AccountUnknown(account=NOBODY)),
            (move(ANNA, NOBODY, "1.00"), errors.AccountUnknown(account=NOBODY)),
            (move(ANNA, "NL\x00", "1.00"), errors.AccountUnknown(account="NL\x00")),
            (move(ANNA, "Zoë", "1.00"), errors.AccountUnknown(account="Zoë")),
            (move(ANNA, "CASH.USD", "1.00"), errors.CurrencyMismatch(account="CASH.USD", currency="USD", given="EUR")),
            (move(ANNA, ANNA, "1.00"), errors.SameAccount(account=ANNA)),
            (move(ANNA, BRAM, "1.00", releases_hold=named("none")), errors.HoldUnknown(hold=str(named("none")))),
            (
                move(ANNA, BRAM, "100.01"),
                errors.InsufficientFunds(account=ANNA, available_minor=10_000, amount_minor=10_001, currency="EUR"),
            ),
            (
                move(ANNA, "TILL.TESS.EUR", "1.00"),
                errors.TillShort(till="TILL.TESS.EUR", cash_minor=0, amount_minor=100, currency="EUR"),
            ),
        ],
    )
    def test_is_refused_without_a_trace(self, step: ledger.Move, refusal: DomainError) -> None:
        before = Posting.objects.count()

        assert post(step) == [refusal]

        assert (balance(ANNA), balance(BRAM), Posting.objects.count()) == ("100.00", "50.00", before)

    def test_takes_the_last_cent(self) -> None:
        assert post(move(ANNA, BRAM, "100.00"), move(ANNA, BRAM, "0.01"))[0] == ledger.Posted()

        assert balance(ANNA) == "0.00"

    def test_may_go_down_to_an_overdraft_limit(self) -> None:
        Account.objects.filter(number=ANNA).update(floor_minor=-5000)

        assert post(move(ANNA, BRAM, "150.00"), move(ANNA, BRAM, "0.01"))[1] == errors.InsufficientFunds(
            account=ANNA, available_minor=0, amount_minor=1, currency="EUR"
        )
        assert balance(ANNA) == "-50.00"

    def test_neither_leaves_nor_reaches_a_closed_account(self) -> None:
        set_status(CARLA, "closed")

        assert post(move(ANNA, CARLA, "1.00"), move(CARLA, ANNA, "1.00")) == [errors.AccountClosed(account=CARLA)] * 2

    def test_reaches_but_does_not_leave_a_frozen_account(self) -> None:
        set_status(ANNA, "frozen")

        assert post(move(BRAM, ANNA, "1.00"), move(ANNA, BRAM, "1.00")) == [ledger.Posted(), errors.AccountFrozen(account=ANNA)]

    def test_is_booked_once_under_its_transfer_and_leg(self) -> None:
        step = move(ANNA, BRAM, "1.00")
        post(step)

        with pytest.raises(IntegrityError), transaction.atomic():
            post(step)

        assert balance(ANNA) == "99.00"

    def test_cannot_run_a_balance_out_of_the_database_s_integers(self) -> None:
        Account.objects.filter(number=CARLA).update(balance_minor=10**18 - 1, last_seq=1)

        outcomes = post(move(CASH, CARLA, "0.01"), move(CASH, CARLA, "0.01"))

        assert outcomes == [ledger.Posted(), errors.CeilingExceeded(account=CARLA, room_minor=0, amount_minor=1, currency="EUR")]


class TestRefusals:
    def test_come_in_the_order_of_their_list(self) -> None:
        """Take the faults of one step away one by one: the refusals follow errors.py."""
        order = [name for name in vars(errors) if isinstance(vars(errors)[name], type)]
        open_plainly(DIRK[:-1] + "X", name="Dora", currency="USD")
        dora = DIRK[:-1] + "X"
        set_status(CARLA, "closed")
        step = move(CARLA, NOBODY, "500.00", releases_hold=named("none"))
        steps = [step, _with(step, credit=dora), _with(step, credit=BRAM), _with(step, debit=DIRK, credit=DIRK)]
        set_status(DIRK, "frozen")
        steps += [_with(step, debit=ANNA, credit=ANNA), _with(step, debit=ANNA, credit=BRAM)]
        steps += [_with(step, debit=ANNA, credit="TILL.TESS.EUR", releases_hold=None)]
        steps += [move(ANNA, "TILL.TESS.EUR", "1.00")]

        names = [type(outcome).__name__ for outcome in post(*steps)]

        assert names == sorted(names, key=order.index)
        assert len(set(names)) == len(names) == 8


class TestAFallback:
    @pytest.mark.parametrize("trouble", ["closed", "unknown", "another currency", "full"])
    def test_takes_the_money_when_the_account_cannot(self, trouble: str) -> None:
        set_status(CARLA, "closed")
        Account.objects.filter(number=DIRK).update(ceiling_minor=500)
        credit = {"closed": CARLA, "unknown": NOBODY, "another currency": "CASH.USD", "full": DIRK}[trouble]

        outcomes = post(move(CLEARING, credit, "10.00", fallback_credit=SUSPENSE))

        assert (outcomes, balance(SUSPENSE)) == ([ledger.Posted(fell_back=True)], "10.00")

    def test_is_left_alone_when_the_account_can(self) -> None:
        assert post(move(CLEARING, CARLA, "10.00", fallback_credit=SUSPENSE)) == [ledger.Posted()]

        assert (balance(CARLA), balance(SUSPENSE)) == ("10.00", "0.00")

    def test_is_refused_under_its_own_name(self) -> None:
        assert post(move(CLEARING, NOBODY, "1.00", fallback_credit="SUSPENSE.USD")) == [errors.AccountUnknown(account="SUSPENSE.USD")]


class TestLocked:
    def test_is_what_was_found(self) -> None:
        reserved = hold(BRAM, "1.00")
        post(reserved)

        with transaction.atomic():
            locked = ledger.lock(numbers=[ANNA, NOBODY, CASH], holds=[reserved.hold_id, named("none")])

        assert (set(locked.accounts), set(locked.holds)) == ({ANNA, CASH, BRAM}, {reserved.hold_id})
        anna = locked.accounts[ANNA]
        assert (anna.balance, anna.held, anna.floor, anna.holder_name, anna.striped) == (10_000, 0, 0, "Anna", False)
        assert anna.customer_id == Account.objects.get(number=ANNA).customer_id
        assert locked.accounts[CASH].striped is True

    def test_serves_one_post(self) -> None:
        with transaction.atomic():
            locked = ledger.lock(numbers=[ANNA, BRAM])
            ledger.post(steps=[move(ANNA, BRAM, "1.00")], booked_at=NOON, locked=locked)

            with pytest.raises(AssertionError, match="last post"):
                ledger.post(steps=[move(ANNA, BRAM, "1.00")], booked_at=NOON, locked=locked)

    def test_must_name_all_that_the_steps_name(self) -> None:
        with transaction.atomic():
            locked = ledger.lock(numbers=[ANNA])

            with pytest.raises(AssertionError, match="locked before"):
                ledger.post(steps=[move(ANNA, BRAM, "1.00")], booked_at=NOON, locked=locked)
            with pytest.raises(AssertionError, match="holds"):
                ledger.post(steps=[ledger.Release(hold_id=uuid7())], booked_at=NOON, locked=locked)

    def test_can_be_judged_without_being_touched(self) -> None:
        with transaction.atomic():
            locked = ledger.lock(numbers=[ANNA, BRAM])
            judged = ledger.judge(steps=[move(ANNA, BRAM, "100.01")], locked=locked, at=NOON)

            posted = ledger.post(steps=[move(ANNA, BRAM, "100.00")], booked_at=NOON, locked=locked)

        assert ([type(outcome).__name__ for outcome in judged], posted) == (["InsufficientFunds"], [ledger.Posted()])


class TestAlso:
    def test_is_written_with_the_postings_and_told_the_outcomes(self) -> None:
        told = []

        def also(outcomes: object) -> list[Insert]:
            told.append(outcomes)
            return [Insert(model=NumberSeries, fields=("name", "last"), rows=[("told", 7)])]

        with transaction.atomic():
            ledger.post(steps=[move(ANNA, BRAM, "1.00")], booked_at=NOON, also=also)

        assert (told, NumberSeries.objects.get(name="told").last) == ([[ledger.Posted()]], 7)


def _with(step: ledger.Move, **changes: object) -> ledger.Move:
    """Return the step under a new transfer with other fields."""
    fields = {name: getattr(step, name) for name in step.__struct_fields__} | {"transfer_id": uuid7()} | changes
    return ledger.Move(**fields)
