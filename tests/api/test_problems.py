"""Refusals over HTTP: one shape for all of them, whoever refuses."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import path

from access.errors import DomainError, TokenRefused
from access.roles import SUPERVISOR, TELLER
from banksite.http_problems import PLAIN
from banksite.problems import STATUS
from banksite.urls import handler400, handler404, handler500, urlpatterns  # noqa: F401  # this module is a urlconf too
from tests.api.bank import Api, employ, token_of

ME, TOKEN = "/api/v1/me", "/api/v1/auth/token"


def stumble(request: Any) -> HttpResponse:
    raise ZeroDivisionError("nobody may see this")


urlpatterns = [path("api/v1/stumble", stumble), *urlpatterns]


def leaves(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield from leaves(child)
        if not child.__subclasses__() and "tests" not in child.__module__.split("."):
            yield child


def is_problem(answer: Any, status: int, code: str) -> bool:
    """Return whether the answer is this problem, complete and traceable."""
    said = answer.json()
    return bool(
        (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        and (said["status"], said["code"], said["type"]) == (status, code, f"/problems/{code}")
        and said["title"]
        and said["request_id"] == answer["Request-Id"]
        and re.fullmatch("[0-9a-f-]{36}", said["request_id"])
    )


class TestTheTable:
    def test_has_a_row_for_every_refusal(self) -> None:
        assert {kind.__qualname__ for kind in set(leaves()) - STATUS.keys()} == set()

    def test_has_codes_of_its_own_for_what_http_itself_refuses(self) -> None:
        assert {plain.code for plain in PLAIN.values()} & {kind.code for kind in STATUS} == set()

    @pytest.mark.parametrize("kind", STATUS, ids=lambda kind: kind.code)
    def test_is_explained_on_a_page_for_each(self, api: Api, kind: type[DomainError]) -> None:
        page = api.get(f"/problems/{kind.code}")

        text = page.content.decode().partition("<main")[2].partition("</main>")[0]
        assert page.status_code == 200
        assert kind.code in text
        assert "`facts`" not in text
        assert "{" not in text

    def test_is_listed_on_one_page(self, api: Api) -> None:
        text = api.get("/problems/").content.decode()

        assert all(f"/problems/{code}" in text for code in {kind.code for kind in STATUS} | {plain.code for plain in PLAIN.values()})

    def test_knows_no_other_pages(self, api: Api) -> None:
        assert api.get("/problems/no-such-thing").status_code == 404


class TestAProblem:
    def test_is_what_an_address_that_is_none_answers(self, api: Api) -> None:
        for address in ("/api/v1/nowhere", "/api/", "/api/v2/me", "/api/v1/me/", "/api/v1/approvals/1/approve"):
            assert is_problem(api.get(address), 404, "not-found"), address

    def test_is_what_a_name_that_no_database_keeps_answers(self, api: Api) -> None:
        answer = api.get("/api/v1/accounts/%00", token=token_of(employ("tess", TELLER)))

        assert is_problem(answer, 404, "not-found")

    def test_is_what_a_wrong_method_answers(self, api: Api) -> None:
        answer = api.ask("DELETE", ME, token=token_of(employ("tess", TELLER)))

        assert is_problem(answer, 405, "method-not-allowed")
        assert answer["Allow"] == "GET, HEAD"

    def test_is_what_our_own_errors_answer_without_saying_more(self, api: Api, settings: Any) -> None:
        settings.ROOT_URLCONF = __name__

        answer = api.get("/api/v1/stumble")

        assert is_problem(answer, 500, "internal-error")
        assert "nobody may see this" not in answer.content.decode()

    def test_is_what_a_foreign_host_answers(self, api: Api) -> None:
        assert is_problem(api.get(ME, Host="attacker.example"), 400, "bad-request")

    def test_is_what_an_unwanted_format_answers(self, api: Api) -> None:
        answer = api.get(ME, token=token_of(employ("tess", TELLER)), Accept="text/html")

        assert is_problem(answer, 406, "not-acceptable")

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            (b'{"username": 1, "password": "x"}', "/username"),
            (b'{"username": "tess"}', "/password"),
            (b'{"username": "tess", "password": "x", "admin": true}', "/admin"),
            (b'{"username": "tess", "password": "x", "password": "y"}', ""),
            (b'{"username": "tess\\u0000", "password": "x"}', "/username"),
            (b'{"username": "", "password": "x"}', "/username"),
            (b"{", ""),
            (b"\xff", ""),
            (b"[" * 5_000, ""),
        ],
    )
    def test_points_to_what_is_wrong_in_a_body(self, api: Api, body: bytes, pointer: str) -> None:
        answer = api.post(TOKEN, body)

        assert is_problem(answer, 400, "request-invalid")
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]

    def test_names_a_wrong_parameter(self, api: Api) -> None:
        answer = api.get("/api/v1/banks?limit=many", token=token_of(employ("tess", TELLER)))

        assert is_problem(answer, 400, "request-invalid")
        assert answer.json()["errors"][0]["parameter"] == "limit"

    def test_is_what_ten_megabytes_answer(self, api: Api) -> None:
        assert is_problem(api.post(TOKEN, b" " * 10_000_000), 413, "request-too-large")

    def test_is_what_a_form_answers(self, api: Api) -> None:
        answer = api.client.post(TOKEN, {"username": "tess", "password": "x"})

        assert is_problem(answer, 415, "unsupported-media-type")

    def test_asks_for_a_token_where_none_is(self, api: Api) -> None:
        answer = api.get(ME)

        assert is_problem(answer, 401, "token-missing")
        assert answer["WWW-Authenticate"] == "Bearer"

    def test_names_the_permission_that_is_missing(self, api: Api) -> None:
        answer = api.get("/api/v1/approvals", token=token_of(employ("tess", TELLER)))

        assert is_problem(answer, 403, "not-allowed")
        assert "access.view_approval" in answer.json()["detail"]

    def test_never_repeats_a_token(self, api: Api) -> None:
        token = token_of(employ("sam", SUPERVISOR))[:-2]

        answer = api.get(ME, token=token)

        assert is_problem(answer, 401, TokenRefused.code)
        assert token not in answer.content.decode()


class TestPages:
    def test_keep_their_own_looks(self, api: Api) -> None:
        assert api.get("/nowhere")["Content-Type"].startswith("text/html")
