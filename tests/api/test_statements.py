"""Statements and balances over the API: every posting once, in pages and as a file, at the same cost however long the history is."""

import csv
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from access.models import User
from access.roles import TELLER
from accounts.api import statements
from accounts.models import Account
from accounts.services import OpenedCustomer, open_internal_accounts
from accounts.tests.people import CASH, NOON, move, open_anna, post
from tests.api.bank import Api, employ, token_of
from tests.api.test_customers import program_for

ACCOUNTS = "/api/v1/accounts"


@pytest.fixture
def tess() -> User:
    return employ("tess", TELLER)


@pytest.fixture
def teller(tess: User) -> str:
    return token_of(tess)


@pytest.fixture
def anna(tess: User) -> OpenedCustomer:
    """Be Anna, who got 100, paid 30 into her savings an hour later and got 5 back in another."""
    open_internal_accounts(numbers=[CASH], now=NOON)
    anna = open_anna(tess)
    post(move(CASH, anna.checking, "100.00"))
    post(move(anna.checking, anna.savings, "30.00"), at=NOON + timedelta(hours=1))
    post(move(anna.savings, anna.checking, "5.00"), at=NOON + timedelta(hours=2))
    return anna


class TestAStatement:
    def test_tells_every_posting_newest_first(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        page = api.get(f"{ACCOUNTS}/{anna.checking}/statement", token=teller).json()

        told = [(line["seq"], line["amount"]["amount_minor"], line["balance_after"]["amount_minor"]) for line in page["data"]]
        assert told == [(3, 500, 7_500), (2, -3_000, 7_000), (1, 10_000, 10_000)]
        assert [line["counterparty"] for line in page["data"]] == [anna.savings, anna.savings, CASH]
        assert page["next"] is None

    def test_goes_on_where_the_page_before_ended_whatever_came_since(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        path = f"{ACCOUNTS}/{anna.checking}/statement?limit=2"
        first = api.get(path, token=teller).json()
        post(move(CASH, anna.checking, "1.00"))

        second = api.get(f"{path}&cursor={first['next']}", token=teller).json()

        assert [line["seq"] for page in (first, second) for line in page["data"]] == [3, 2, 1]
        assert second["next"] is None

    def test_costs_the_same_however_long_it_is(self, api: Api, teller: str, anna: OpenedCustomer, django_assert_num_queries: Any) -> None:
        api.get(f"{ACCOUNTS}/{anna.checking}/statement", token=teller)
        for _ in range(2):
            post(*[move(CASH, anna.checking, "1.00") for _ in range(20)])

            with django_assert_num_queries(3):
                api.get(f"{ACCOUNTS}/{anna.checking}/statement", token=teller)

    def test_takes_only_cursors_it_gave(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        for cursor in ("MA", "LTE", "IjEi", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ", "%C3%A9"):
            answer = api.get(f"{ACCOUNTS}/{anna.checking}/statement?cursor={cursor}", token=teller)

            assert (answer.status_code, answer.json()["code"]) == (400, "request-invalid"), cursor


class TestTheFile:
    def rows(self, answer: Any) -> list[list[str]]:
        return list(csv.reader(b"".join(answer.streaming_content).decode().splitlines()))

    def test_holds_the_whole_statement(self, api: Api, teller: str, anna: OpenedCustomer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(statements, "_CHUNK", 2)  # three lines are read in two chunks, as three thousand would be

        answer = api.get(f"{ACCOUNTS}/{anna.checking}/statement.csv", token=teller)
        header, *rows = self.rows(answer)

        told = [(row["seq"], row["amount"], row["balance_after"]) for row in (dict(zip(header, row, strict=True)) for row in rows)]
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
        assert told == [("3", "5.00", "75.00"), ("2", "-30.00", "70.00"), ("1", "100.00", "100.00")]

    def test_makes_no_formula_of_a_name(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        Account.objects.filter(number=anna.savings).update(holder_name='=HYPERLINK("x")')

        rows = self.rows(api.get(f"{ACCOUNTS}/{anna.checking}/statement.csv", token=teller))

        assert rows[1][-1] == '\'=HYPERLINK("x")'

    def test_is_asked_for_as_csv_and_refused_as_a_problem(self, api: Api, anna: OpenedCustomer) -> None:
        answer = api.get(f"{ACCOUNTS}/{anna.checking}/statement.csv", token=program_for(), Accept="text/csv")

        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["code"] == "account-unknown"


class TestABalance:
    def test_is_told_for_now_and_any_moment_before(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        def held(query: str) -> int:
            return int(api.get(f"{ACCOUNTS}/{anna.checking}/balance{query}", token=teller).json()["balance"]["amount_minor"])

        moments = ["0001-01-01T00:00:00%2B12:00", "2026-03-02T11:59:59Z", "2026-03-02T12:00:00Z", "2026-03-02T13:30:00Z"]
        assert [held(f"?at={moment}") for moment in moments] == [0, 0, 10_000, 7_000]
        assert held("") == held("?at=9999-12-31T23:59:59-12:00") == 7_500

    def test_takes_moments_with_their_offset_only(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        for moment in ("2026-03-02T12:00:00", "yesterday", ""):
            answer = api.get(f"{ACCOUNTS}/{anna.checking}/balance?at={moment}", token=teller)

            assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "at")

    def test_of_the_past_is_not_kept_for_the_busiest_accounts(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        now, then = (api.get(f"{ACCOUNTS}/{CASH}/balance{query}", token=teller) for query in ("", "?at=2026-03-02T13:00:00Z"))

        assert (now.json()["balance"]["amount_minor"], then.status_code, then.json()["code"]) == (-10_000, 422, "account-internal")

    @pytest.mark.parametrize("what", ["balance", "statement", "statement.csv"])
    def test_is_not_there_for_a_program_of_others(self, api: Api, anna: OpenedCustomer, what: str) -> None:
        answers = [
            api.get(f"{ACCOUNTS}/{anna.checking}/{what}", token=token) for token in (program_for(), program_for(str(anna.id), name="shop"))
        ]

        assert [answer.status_code for answer in answers] == [404, 200]


class TestADocument:
    def test_is_of_this_month_so_far_unless_days_are_named(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        address = f"{ACCOUNTS}/{anna.checking}/statement.pdf"
        with time_machine.travel(NOON + timedelta(days=3), tick=False):
            teller = token_of(User.objects.get(username="tess"))
            answers = [api.get(f"{address}{query}", token=teller) for query in ("", "?first=2026-02-01&last=2026-02-28")]
            refused = api.get(f"{address}?first=2026-03-06", token=teller)

        assert [(answer.status_code, answer["Content-Type"], answer["Content-Disposition"]) for answer in answers] == [
            (200, "application/pdf", f'attachment; filename="{anna.checking}-{days}.pdf"')
            for days in ("2026-03-01-2026-03-05", "2026-02-01-2026-02-28")
        ]
        assert all(answer.content.startswith(b"%PDF-") for answer in answers)
        assert (refused.status_code, refused.json()["code"], refused["Content-Type"]) == (422, "period-invalid", "application/problem+json")
