"""A till from its float to its count: what is in it is what the books say, or two persons say why not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.errors import DomainError, NotAllowed, OwnApproval, ReasonMissing
from access.models import AuditEvent, User
from access.site import acting_as
from access.tests.people import at_once, employ
from accounts import errors, numbers
from accounts.models import Account, TillSession
from accounts.selectors.tills import TillRow, open_tills, till_session
from transfers import books, services
from transfers.errors import AdjustmentOfTill, CountRefused, CountWaiting, DayOver, FloatTooLarge, TillBusy
from transfers.models import Transfer
from transfers.orders import Accepted, Adjustment, Deposit, Reversal, Withdrawal
from transfers.selectors import till_movements
from transfers.tests.people import ANNA, NOON, SITE, balance, conserved, euros, legs, supervisor, with_limits

VAULT, SUSPENSE = "CASH.EUR", "SUSPENSE.EUR"
_MAY = ("transfers.deposit", "transfers.withdraw", "transfers.reverse", "transfers.run_till")


def tess() -> User:
    return User.objects.filter(username="tess").first() or employ("tess", *_MAY)


def till() -> str:
    return numbers.till_of(tess().pk, "EUR")


def in_till() -> int:
    return -balance(till())


def open_up(float_minor: int = 50_000, *, by: User | None = None) -> UUID:
    return services.open_till(currency="EUR", float_minor=float_minor, by=by or tess(), now=NOON)


def take_in(amount: str, *, by: User | None = None) -> Accepted | DomainError:
    return services.submit(orders=[Deposit(account=ANNA, amount=euros(amount), at_till=True)], by=by or tess(), now=NOON)[0]


def pay_out(amount: str) -> Accepted | DomainError:
    return services.submit(orders=[Withdrawal(account=ANNA, amount=euros(amount), at_till=True)], by=tess(), now=NOON)[0]


def count(counted_minor: int, explanation: str = "", *, by: User | None = None) -> str:
    return services.count_till(till=till(), counted_minor=counted_minor, explanation=explanation, by=by or tess(), now=NOON)


def close(*, by: User | None = None) -> None:
    services.close_till(till=till(), by=by or tess(), now=NOON)


def session() -> TillRow:
    return till_session(session_id=TillSession.objects.latest("opened_at", "id").id)


def waiting() -> UUID:
    """Return the only question that waits."""
    [approval] = Transfer.objects.filter(status="awaiting-approval").values_list("approval", flat=True)
    assert approval is not None
    return approval


def agree() -> None:
    assert isinstance(services.approve_transfer(approval_id=waiting(), by=supervisor(), now=NOON), Accepted)


def sound() -> bool:
    """Return whether the books are right."""
    return list(books.differences(progress=lambda _: None)) == [] and conserved()


@contextmanager
def undone() -> Iterator[None]:
    """Take back what is done within; the books may be read there, which no other transaction may surround."""
    before = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(before)


@pytest.fixture(autouse=True)
def right_books(bank: None) -> Iterator[None]:
    yield
    assert sound()


@pytest.mark.money
class TestOpening:
    def test_carries_the_float_from_the_vault(self) -> None:
        before = balance(VAULT)

        open_up(50_000)

        assert (in_till(), balance(VAULT) - before) == (50_000, 50_000)
        assert list(AuditEvent.objects.filter(action="till.opened").values_list("subject", "after")) == [(till(), {"float_minor": 50_000})]

    def test_needs_no_float(self) -> None:
        open_up(0)

        assert take_in("5.00") == Accepted(Transfer.objects.latest("id").id, "deposit", "completed")
        assert in_till() == 500

    def test_happens_once_until_it_is_closed(self) -> None:
        open_up()

        with pytest.raises(errors.TillOpenAlready):
            open_up()
        count(50_000)
        open_up(10_000)

        assert in_till() == 10_000

    def test_carries_no_more_than_the_limit(self) -> None:
        with acting_as(with_limits(EUR=40_000)), pytest.raises(FloatTooLarge):
            open_up(40_001)

        assert open_tills() == []

    def test_takes_the_permission(self) -> None:
        with pytest.raises(NotAllowed):
            open_up(by=employ("cleaner", "transfers.deposit"))

    def test_waits_for_the_day_after_a_day_that_was_closed(self) -> None:
        services.close_day(day=NOON.date(), by=employ("boss", "transfers.close_day"), now=NOON)

        with pytest.raises(DayOver):
            open_up()
        services.open_till(currency="EUR", float_minor=0, by=tess(), now=NOON + timedelta(days=1))

        assert [row.number for row in open_tills(teller=tess())] == [till()]

    def test_keeps_currencies_apart(self) -> None:
        open_up(10_000)
        services.open_till(currency="USD", float_minor=0, by=tess(), now=NOON)

        assert [(row.currency, row.cash_minor) for row in open_tills(teller=tess())] == [("EUR", 10_000), ("USD", 0)]


@pytest.mark.money
class TestCash:
    def test_moves_through_the_open_till_of_whoever_orders(self) -> None:
        open_up(50_000)
        vault = balance(VAULT)

        outcomes = [take_in("20.00"), pay_out("30.00")]

        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert (in_till(), balance(ANNA), balance(VAULT)) == (49_000, 9_000, vault)

    def test_is_refused_without_an_open_till(self) -> None:
        assert take_in("20.00") == errors.TillNotOpen(till=till())
        open_up()
        count(50_000)

        assert pay_out("20.00") == errors.TillNotOpen(till=till())
        assert balance(ANNA) == 10_000

    def test_that_a_till_does_not_hold_is_not_paid_out(self) -> None:
        open_up(1_000)

        assert pay_out("10.01") == errors.TillShort(till=till(), cash_minor=1_000, amount_minor=1_001, currency="EUR")
        assert isinstance(pay_out("10.00"), Accepted)
        assert in_till() == 0

    def test_of_programs_stays_with_the_vault(self) -> None:
        open_up(1_000)

        services.submit(orders=[Deposit(account=ANNA, amount=euros("5.00"))], by=tess(), now=NOON)

        assert in_till() == 1_000

    def test_is_fetched_and_brought_back_meanwhile(self) -> None:
        open_up(1_000)

        services.carry_float(till=till(), amount=euros("40.00"), to_till=True, by=tess(), now=NOON)
        services.carry_float(till=till(), amount=euros("15.00"), to_till=False, by=tess(), now=NOON)
        with pytest.raises(errors.TillShort):
            services.carry_float(till=till(), amount=euros("35.01"), to_till=False, by=tess(), now=NOON)

        assert in_till() == 3_500
        assert [(each.kind, each.in_minor, each.out_minor) for each in till_movements(till=session())] == [("float", 5_000, 1_500)]

    def test_of_another_tellers_till_is_not_carried(self) -> None:
        open_up(1_000)

        with pytest.raises(NotAllowed):
            services.carry_float(till=till(), amount=euros("1.00"), to_till=True, by=employ("other", *_MAY), now=NOON)

    def test_taken_back_leaves_the_till_it_came_into(self) -> None:
        open_up(0)
        accepted = take_in("20.00")
        assert isinstance(accepted, Accepted)

        services.submit(orders=[Reversal(transfer_id=accepted.transfer_id, reason="wrong account")], by=tess(), now=NOON)
        agree()

        assert (in_till(), balance(ANNA)) == (0, 10_000)

    def test_taken_back_after_the_count_leaves_the_vault(self) -> None:
        open_up(0)
        accepted = take_in("20.00")
        assert isinstance(accepted, Accepted)
        count(2_000)
        services.open_till(currency="EUR", float_minor=3_000, by=tess(), now=NOON + timedelta(minutes=1))

        [taken] = services.submit(orders=[Reversal(transfer_id=accepted.transfer_id, reason="wrong account")], by=tess(), now=NOON)
        agree()

        assert isinstance(taken, Accepted)
        assert legs(taken.transfer_id) == {"book": (ANNA, VAULT, 2_000)}
        assert in_till() == 3_000


class TestAnAdjustment:
    def test_leaves_what_is_in_a_till_to_the_count(self) -> None:
        open_up(50_000)
        order = Adjustment(debit=till(), credit="SUSPENSE.EUR", amount=euros("5.00"), reason="found on the floor")

        [refused] = services.submit(orders=[order], by=employ("boss", "transfers.adjust"), now=NOON)

        assert refused == AdjustmentOfTill(till=till())
        assert count(50_000) == "closed"


@pytest.mark.money
class TestACountThatFits:
    def test_hands_everything_back_and_closes(self) -> None:
        vault = balance(VAULT)
        open_up(50_000)
        take_in("20.00")

        assert count(52_000) == "closed"

        assert (in_till(), balance(VAULT)) == (0, vault - 2_000)
        assert Account.objects.get(number=till()).status == "closed"
        row = session()
        assert (row.float_minor, row.expected_minor, row.counted_minor, row.difference_minor, row.adjustment) == (
            50_000,
            52_000,
            52_000,
            0,
            None,
        )

    def test_of_an_empty_till_closes_too(self) -> None:
        open_up(0)

        assert count(0) == "closed"

    def test_waits_for_orders_that_wait(self) -> None:
        open_up(0)
        with acting_as(with_limits(EUR=1_000)):
            take_in("20.00")
            with pytest.raises(TillBusy):
                count(2_000)
            agree()

        assert (count(2_000), balance(ANNA)) == ("closed", 12_000)


@pytest.mark.money
class TestACountThatDiffers:
    @pytest.mark.parametrize(("counted", "suspense"), [(49_700, -300), (50_450, 450)])
    def test_is_booked_by_two_persons_and_then_handed_back(self, counted: int, suspense: int) -> None:
        vault = balance(VAULT)
        open_up(50_000)

        assert count(counted, "I gave too much or too little change") == "counted"
        assert (in_till(), balance(SUSPENSE)) == (50_000, 0)
        with pytest.raises(CountWaiting):
            close()
        agree()
        close()

        assert (in_till(), balance(SUSPENSE), balance(VAULT)) == (0, suspense, vault - suspense)
        assert (session().status, session().difference_minor) == ("closed", suspense)

    def test_needs_an_explanation(self) -> None:
        open_up(50_000)

        with pytest.raises(ReasonMissing):
            count(49_000, "  ")

        assert session().status == "open"

    def test_is_not_agreed_to_by_who_counted(self) -> None:
        open_up(50_000)
        boss = employ("boss", "transfers.run_till", "transfers.close_day", "transfers.approve")
        count(49_000, "missing", by=boss)

        with pytest.raises(OwnApproval):
            services.approve_transfer(approval_id=waiting(), by=boss, now=NOON)
        agree()
        close(by=boss)

        assert session().status == "closed"

    def test_lets_no_cash_through_while_it_waits(self) -> None:
        open_up(50_000)
        count(49_000, "missing")

        assert take_in("1.00") == errors.TillNotOpen(till=till())
        with pytest.raises(errors.TillNotOpen):
            services.carry_float(till=till(), amount=euros("1.00"), to_till=True, by=tess(), now=NOON)
        with pytest.raises(CountWaiting):
            count(50_000)

        assert in_till() == 50_000

    def test_is_counted_anew_when_it_was_refused(self) -> None:
        open_up(50_000)
        count(49_000, "missing")
        services.refuse_transfer(approval_id=waiting(), by=supervisor(), reason="there is a note under the tray", now=NOON)
        with pytest.raises(CountRefused):
            close()

        assert count(50_000) == "closed"

        assert (balance(SUSPENSE), session().difference_minor) == (0, 0)

    def test_is_not_counted_anew_once_it_was_agreed_to(self) -> None:
        open_up(50_000)
        count(49_000, "missing")
        agree()

        with pytest.raises(errors.TillNotOpen):
            count(50_000)
        close()

        assert balance(SUSPENSE) == -1_000

    def test_of_an_absent_teller_is_for_who_closes_the_day(self) -> None:
        open_up(50_000)

        with pytest.raises(NotAllowed):
            count(50_000, by=employ("other", *_MAY))

        assert count(50_000, by=employ("boss", "transfers.run_till", "transfers.close_day")) == "closed"


@pytest.mark.money
class TestTheDatabase:
    def test_closes_no_till_with_cash_in_it(self) -> None:
        open_up(50_000)

        with pytest.raises(IntegrityError), transaction.atomic():
            Account.objects.filter(number=till()).update(status="closed", closed_at=NOON)

    def test_keeps_one_open_session_for_a_till(self) -> None:
        open_up(0)

        with pytest.raises(IntegrityError), transaction.atomic():
            TillSession.objects.create(
                account=Account.objects.get(number=till()), teller=tess(), float_minor=0, opened_at=NOON, opened_seq=0
            )


class TestCheckBooks:
    def test_names_a_till_that_is_open_without_a_session_and_a_count_that_no_posting_says(self) -> None:
        open_up(50_000)
        count(50_000)
        with undone():
            TillSession.objects.update(expected_minor=49_000, adjustment=Transfer.objects.latest("id").id)
            Account.objects.filter(number=till()).update(status="open", closed_at=None)

            found = list(books.differences(progress=lambda _: None))
        assert [(each.check, each.subject, each.expected, each.found) for each in found] == [
            ("till between sessions", till(), "closed", "open"),
            ("till at its count", till(), "50000", "49000"),
        ]


@pytest.mark.money
@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_open_one_till_once(self) -> None:
        teller = tess()

        outcomes = at_once([lambda: _in_bank(lambda: open_up(1_000, by=teller))] * 4)

        refused = [outcome for outcome in outcomes if not isinstance(outcome, UUID)]
        assert refused == [errors.TillOpenAlready(till=till())] * 3
        assert in_till() == 1_000

    def test_count_and_pay_in_without_losing_a_note(self) -> None:
        open_up(1_000)

        def work(place: int) -> object:
            return _in_bank(lambda: count(1_000) if place == 2 else take_in("1.00"))

        outcomes = at_once([lambda place=place: work(place) for place in range(5)])  # type: ignore[misc]

        accepted = sum(isinstance(outcome, Accepted) for outcome in outcomes)
        if outcomes[2] == "closed":
            assert (accepted, in_till()) == (0, 0)
        else:
            assert outcomes[2] == ReasonMissing()
            assert (accepted, in_till()) == (4, 1_400)


def _in_bank(work: Callable[[], object]) -> object:
    """Do the work as the bank, in a thread that does not know yet which one it is."""
    with acting_as(SITE):
        return work()


_STEPS = st.lists(
    st.tuples(st.sampled_from(("in", "out", "fetch", "bring", "count")), st.integers(1, 3_000), st.integers(-200, 200)), max_size=12
)


@pytest.mark.money
class TestATill:
    @given(float_minor=st.integers(0, 5_000), steps=_STEPS)
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_holds_its_float_and_what_came_in_less_what_went_out(self, float_minor: int, steps: list[tuple[str, int, int]]) -> None:
        with undone():
            expected = _play(float_minor, steps)

            assert in_till() == expected >= 0
            assert sound()


def _play(float_minor: int, steps: list[tuple[str, int, int]]) -> int:
    """Do the steps and return what a model of a drawer says is in it."""
    open_up(float_minor)
    cash = float_minor
    for step, minor, off in steps:
        amount = f"{minor / 100:.2f}"
        if step == "count":
            if count(max(0, cash + off), "as it is") == "counted":
                agree()
                close()
            assert balance(till()) == 0
            open_up(float_minor)
            cash = float_minor
        elif step in {"in", "out"}:
            done = isinstance(take_in(amount) if step == "in" else pay_out(amount), Accepted)
            cash += (minor if step == "in" else -minor) if done else 0
        else:
            cash += _carried(minor, to_till=step == "fetch")
    return cash


def _carried(minor: int, *, to_till: bool) -> int:
    """Carry an amount to the till or from it; return by how much that changes what is in the drawer."""
    try:
        services.carry_float(till=till(), amount=euros(f"{minor / 100:.2f}"), to_till=to_till, by=tess(), now=NOON)
    except errors.TillShort:
        return 0
    return minor if to_till else -minor
