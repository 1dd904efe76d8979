"""Who may do what: every address times every method times everybody, from one table. A new address without a row fails."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from access import approvals, tokens
from access.approvals import Question
from access.models import ApiClient, User
from access.roles import ADMINISTRATOR, API_CLIENT, AUDITOR, SUPERVISOR, TELLER
from access.site import acting_as, this_bank
from banksite.urls_api import endpoints
from messaging import services
from tests.api.bank import Api, employ, enlist, token_of

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
ROLES = (ADMINISTRATOR, SUPERVISOR, TELLER, AUDITOR, API_CLIENT)
STRANGERS = ("anonymous", "expired token", "forged token", "token of another bank")
CLIENT_OF_OTHERS = "client of other customers"
EVERYBODY = frozenset({*ROLES, CLIENT_OF_OTHERS})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One address and method: `may` get `status` with `body`; everybody else who is known gets `refusal`, a stranger 401.

    An `is_open` address is for strangers, so whoever comes gets `status`.
    """

    status: int
    may: frozenset[str] = EVERYBODY
    refusal: int = 403
    is_open: bool = False
    body: Mapping[str, object] = field(default_factory=dict)


TABLE: Mapping[tuple[str, str], Row] = {
    ("auth/token", "POST"): Row(status=400, is_open=True),
    ("auth/refresh", "POST"): Row(status=401, is_open=True, body={"refresh_token": "x"}),
    ("auth/logout", "POST"): Row(status=401, is_open=True, body={"refresh_token": "x"}),
    ("me", "GET"): Row(status=200),
    ("banks", "GET"): Row(status=200),
    ("approvals", "GET"): Row(status=200, may=frozenset({ADMINISTRATOR, SUPERVISOR, AUDITOR})),
    ("approvals/<uuid:approval_id>/approve", "POST"): Row(status=200, may=frozenset({SUPERVISOR})),
    ("approvals/<uuid:approval_id>/refuse", "POST"): Row(status=422, may=frozenset({SUPERVISOR})),
}


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        place = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, place)
        else:
            yield place, pattern


ADDRESSES = dict(addresses(endpoints))
CASES = [(address, method) for address in ADDRESSES for method in METHODS]


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Everybody who may ask, by their tokens."""

    tokens: Mapping[str, str]
    approval: str

    def path(self, address: str) -> str:
        return "/api/v1/" + address.replace("<uuid:approval_id>", self.approval)


@pytest.fixture
def cast() -> Cast:
    staff = {role: employ(role.split()[0].lower(), role) for role in ROLES if role != API_CLIENT}
    programs = {API_CLIENT: enlist("branch", API_CLIENT, whole_bank=True), CLIENT_OF_OTHERS: enlist("erp", API_CLIENT)}
    with transaction.atomic():
        question = Question(action="closed-bank.refund", subject="bank:BNKX", reason="it closed")
        [approval] = approvals.ask_each(questions=[question], by=employ("asker"), now=timezone.now())
    given = {who: token_of(user) for who, user in (staff | programs).items()}
    return Cast(tokens=given | strangers(staff[SUPERVISOR]), approval=str(approval))


def strangers(supervisor: User) -> dict[str, str]:
    """Return tokens that name a supervisor and count for nothing."""
    now, sound = timezone.now(), token_of(supervisor)
    expired = tokens.issue(user=supervisor, now=now - tokens.ACCESS_VALID).access
    head, body, signature = sound.split(".")
    file = this_bank().token_key_file
    assert file is not None
    with acting_as(replace(this_bank(), code="BNKB", token_key_file=file.with_name("b.key"))):
        services.ensure_own_key(use="tokens", file=file.with_name("b.key"), now=now)
        other = token_of(supervisor)
    return {"anonymous": "", "expired token": expired, "forged token": f"{head}.{body}.{signature[::-1]}", "token of another bank": other}


def expected(row: Row | None, who: str) -> int:
    if row is not None and row.is_open:
        return row.status
    if who in STRANGERS:
        return 401
    if row is None:
        return 405
    return row.status if who in row.may else row.refusal


class TestTheTable:
    def test_has_a_row_for_every_address_and_method_and_no_others(self) -> None:
        there = {(address, method) for address, pattern in ADDRESSES.items() for method in pattern.callback.view_class.needs}  # type: ignore[attr-defined]  # every view here is an Endpoint

        assert there == TABLE.keys()

    @pytest.mark.parametrize(("address", "method"), CASES, ids=lambda part: part)
    def test_is_what_happens(self, api: Api, cast: Cast, address: str, method: str) -> None:
        row = TABLE.get((address, method))
        is_open = any(other.is_open for (place, _), other in TABLE.items() if place == address)

        for who, token in cast.tokens.items():
            body = dict(row.body) if row else {}
            answer = api.ask(method, cast.path(address), None if method == "GET" else body, token=token, key=str(uuid4()))

            wanted = 405 if is_open and row is None else expected(row, who)
            assert answer.status_code == wanted, f"{who}: {answer.status_code}, not {wanted}: {answer.content!r}"
            if wanted >= 400:
                problem = answer.json()
                assert answer["Content-Type"] == "application/problem+json"
                assert (problem["status"], problem["request_id"]) == (wanted, answer["Request-Id"])


class TestTheTableOfPeople:
    def test_knows_every_kind(self, cast: Cast) -> None:
        assert cast.tokens.keys() == {*ROLES, *STRANGERS, CLIENT_OF_OTHERS}
        assert ApiClient.objects.count() == 2
