"""A database that fails under a request: 503 and when to come again, never a traceback, and nothing is done twice or half."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.utils import ConnectionHandler, load_backend
from django.test import Client

from access.database_errors import is_unavailable
from access.models import User
from access.roles import TELLER
from accounts.services import open_internal_accounts
from accounts.tests.people import ANNA, CASH, NOON, balance, open_plainly
from banksite.machine.ports import free_ports
from tests.api.bank import Api, employ, token_of

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
DEPOSITS, ME = "/api/v1/deposits", "/api/v1/me"


@pytest.fixture
def token() -> str:
    """Be a teller of a bank that Anna has an account with."""
    open_internal_accounts(numbers=[CASH], now=NOON)
    open_plainly(ANNA, name="Anna")
    return token_of(employ("tess", TELLER))


def deposit(api: Api, token: str) -> Any:
    amount = {"amount_minor": 500, "currency": "EUR"}
    return api.post(DEPOSITS, {"account": ANNA, "amount": amount}, token=token, key="k")


@contextmanager
def database_away() -> Iterator[None]:
    """Let the database be where nobody listens."""
    port, [free] = connection.settings_dict["PORT"], free_ports(count=1)
    connection.close()
    connection.settings_dict["PORT"] = free
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["PORT"] = port


def execute_elsewhere(statement: str) -> None:
    """Execute a statement in a session of its own."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(statement)
    finally:
        other.close()


def execute(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


class TestASession:
    def test_that_became_read_only_is_replaced_and_the_money_moves_once(self, api: Api, token: str) -> None:
        execute("SET default_transaction_read_only = on")

        answers = [deposit(api, token) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert balance(ANNA) == "5.00"

    def test_whose_plans_fit_no_longer_is_replaced(self, api: Api, token: str) -> None:
        for _ in range(3):
            api.get(ME, token=token)
        execute_elsewhere("ALTER TABLE access_user ALTER COLUMN first_name TYPE varchar(151)")
        try:
            answer = api.get(ME, token=token)
        finally:
            execute_elsewhere("ALTER TABLE access_user ALTER COLUMN first_name TYPE varchar(150)")
            connection.close()

        assert answer.status_code == 200

    def test_that_was_terminated_is_replaced_for_what_changes_nothing(self, api: Api, token: str) -> None:
        api.get(ME, token=token)
        (pid,) = execute("SELECT pg_backend_pid()")
        execute_elsewhere(f"SELECT pg_terminate_backend({pid})")

        assert api.get(ME, token=token).status_code == 200

    def test_that_was_terminated_leaves_an_order_to_be_sent_again(self, api: Api, token: str) -> None:
        (pid,) = execute("SELECT pg_backend_pid()")
        execute_elsewhere(f"SELECT pg_terminate_backend({pid})")

        answers = [deposit(api, token), deposit(api, token)]

        assert (answers[0].status_code, answers[0]["Retry-After"]) == (503, "5")
        assert answers[0].json()["code"] == "database-unavailable"
        assert answers[1].status_code == 201
        assert balance(ANNA) == "5.00"


class TestADatabaseThatIsAway:
    def test_is_503_with_a_time_to_come_again_and_no_traceback(self, api: Api, token: str, caplog: pytest.LogCaptureFixture) -> None:
        with database_away(), caplog.at_level(logging.INFO):
            answers = [api.get(ME, token=token), deposit(api, token), api.get("/api/v1/transfers", token=token)]

        assert [(answer.status_code, answer["Retry-After"]) for answer in answers] == [(503, "5")] * 3
        assert {answer["Content-Type"] for answer in answers} == {"application/problem+json"}
        assert [record.message for record in caplog.records if record.exc_info] == []

    @pytest.mark.parametrize("path", ["/", "/sign-in", "/admin/", "/search?q=x"])
    def test_is_a_page_that_says_so(self, path: str) -> None:
        client = Client(raise_request_exception=False)
        client.force_login(User.objects.create_user(username="ada", is_staff=True, is_superuser=True))

        with database_away():
            answer = client.get(path)

        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert "database does not answer" in answer.content.decode()

    @pytest.mark.parametrize("command", [["check_books"], ["status"], ["gather_lists"], ["figures"]])
    def test_ends_a_command_in_one_line(self, command: list[str]) -> None:
        with database_away(), pytest.raises(CommandError, match="The database is not available"):
            call_command(*command)


class TestSqlite:
    def test_that_is_locked_is_not_available(self, tmp_path: Path) -> None:
        settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "db", "OPTIONS": {"timeout": 0.05}}
        there = ConnectionHandler({"default": settings}).settings["default"]
        one, two = (load_backend(there["ENGINE"]).DatabaseWrapper(there, alias) for alias in ("one", "two"))
        try:
            one.cursor().execute("BEGIN EXCLUSIVE")

            with pytest.raises(OperationalError) as locked:
                two.cursor().execute("SELECT * FROM sqlite_master")

            assert is_unavailable(locked.value)
        finally:
            one.close()
            two.close()
