"""A day of the branch is closed once: tills first, sums by kind and status, books checked."""

from datetime import date, timedelta
from io import StringIO
from json import loads

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from access.errors import NotAllowed
from access.models import AuditEvent, User
from access.tests.people import employ
from accounts import numbers
from accounts.models import TillSession
from transfers import errors, selectors, services
from transfers.models import DayClose
from transfers.orders import Withdrawal
from transfers.tests.people import ANNA, BRAM, answer, decision, euros, paid, submit, teller

NOW = timezone.now()  # a transfer's id carries the moment it was given, which no test sets
DAY = timezone.localtime(NOW).date()


def boss() -> User:
    return User.objects.filter(username="boss").first() or employ("boss", "transfers.close_day", "transfers.run_till")


def close(day: date = DAY, *, by: User | None = None) -> selectors.DayShown:
    return services.close_day(day=day, by=by or boss(), now=NOW)


class TestClosingADay:
    def test_sums_by_kind_and_status(self) -> None:
        answer(decision(paid(amount="10.00"), "rejected", "AC01"))
        paid(amount="20.00")
        paid(BRAM, "5.00")
        submit(Withdrawal(account=ANNA, amount=euros("1.00")))

        shown = close()

        assert [(each.kind, each.status, each.count, each.amount_minor, each.fee_minor) for each in shown.totals] == [
            ("deposit", "completed", 1, 10_000, 0),
            ("internal", "completed", 1, 500, 0),
            ("outgoing", "pending", 1, 2_000, 25),
            ("outgoing", "rejected", 1, 1_000, 25),
            ("withdrawal", "completed", 1, 100, 0),
        ]
        assert (shown.day, shown.closed_by, shown.closed_at, shown.differences) == (DAY, "boss", NOW, [])

    def test_reads_no_other_day(self) -> None:
        assert close(DAY - timedelta(days=1)).totals == []

    def test_happens_once(self) -> None:
        before = close()
        paid(BRAM, "5.00")

        assert close(by=employ("deputy", "transfers.close_day")) == before
        assert (DayClose.objects.count(), AuditEvent.objects.filter(action="day.closed").count()) == (1, 1)

    def test_waits_for_every_till(self) -> None:
        services.open_till(currency="EUR", float_minor=500, by=boss(), now=NOW)
        till = numbers.till_of(boss().pk, "EUR")

        with pytest.raises(errors.TillsOpen) as refused:
            close()
        services.count_till(till=till, counted_minor=500, by=boss(), now=NOW)

        assert refused.value == errors.TillsOpen(tills=till)
        assert [(each["number"], each["counted_minor"], each["difference_minor"]) for each in close().tills] == [(till, 500, 0)]

    def test_says_what_is_wrong_with_the_books(self) -> None:
        services.open_till(currency="EUR", float_minor=500, by=boss(), now=NOW)
        services.count_till(till=numbers.till_of(boss().pk, "EUR"), counted_minor=500, by=boss(), now=NOW)
        TillSession.objects.update(expected_minor=0, counted_minor=0)

        assert [each["check"] for each in close().differences] == ["till at its count"]

    def test_is_not_for_days_to_come(self) -> None:
        with pytest.raises(errors.DayNotOver):
            close(DAY + timedelta(days=1))

    def test_takes_the_permission(self) -> None:
        with pytest.raises(NotAllowed):
            close(by=teller())

    def test_leaves_an_open_day_unknown(self) -> None:
        with pytest.raises(errors.DayUnknown):
            selectors.closed_day(day=DAY)
        close()

        assert selectors.closed_days() == [DAY]


class TestThePage:
    def test_closes_the_day_that_was_shown_and_once(self) -> None:
        page = browser()
        today = page.get("/day")["Location"]

        answers = [page.post(today) for _ in range(2)]

        assert (today, [answer["Location"] for answer in answers]) == (f"/day/{DAY}", [today, today])
        assert list(DayClose.objects.values_list("day", "differences")) == [(DAY, [])]
        assert page.post("/day").status_code == 405

    def test_says_why_it_cannot_be_closed_yet(self) -> None:
        services.open_till(currency="EUR", float_minor=500, by=boss(), now=NOW)

        page = browser().post(f"/day/{DAY}")

        assert "Not every till is closed." in page.content.decode()
        assert not DayClose.objects.exists()

    @pytest.mark.parametrize(("day", "status"), [("1950-01-01", 200), ("1899-12-31", 404), ("9999-12-31", 404)])
    def test_is_there_for_days_on_which_there_can_have_been_a_bank(self, day: str, status: int) -> None:
        assert browser().get(f"/day/{day}").status_code == status


def browser() -> Client:
    """Return a browser in which who closes the day is signed in."""
    client = Client()
    client.force_login(boss(), backend="access.backends.RoleBackend")
    return client


class TestTheCommand:
    def test_prints_the_day_as_json_however_often(self) -> None:
        with transaction.atomic():
            boss()

        first, second = (_called("--json", "--day", DAY.isoformat()) for _ in range(2))

        assert first == second
        assert loads(first)["totals"][0] == {
            "kind": "deposit",
            "status": "completed",
            "currency": "EUR",
            "count": 1,
            "amount_minor": 10_000,
            "fee_minor": 0,
        }

    def test_prints_the_day_for_people(self) -> None:
        boss()

        assert _called().splitlines() == [
            f"{DAY} was closed by boss, with 0 tills.",
            "deposit     completed                1               100.00 EUR",
        ]

    def test_says_why_not(self) -> None:
        boss()
        ahead = (DAY + timedelta(days=2)).isoformat()

        with pytest.raises(CommandError, match=f"{ahead} lies ahead"):
            _called("--day", ahead)

    def test_ends_with_3_when_the_books_are_not_right(self) -> None:
        services.open_till(currency="EUR", float_minor=500, by=boss(), now=NOW)
        services.count_till(till=numbers.till_of(boss().pk, "EUR"), counted_minor=500, by=boss(), now=NOW)
        TillSession.objects.update(expected_minor=0, counted_minor=0)

        with pytest.raises(SystemExit) as ended:
            _called()

        assert ended.value.code == 3


def _called(*arguments: str) -> str:
    out = StringIO()
    call_command("close_day", "--as", "boss", *arguments, stdout=out)
    return out.getvalue()
