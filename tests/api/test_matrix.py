"""Who may do what: every address times every method times everybody, from one table. A new address without a row fails."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver
from django.utils import timezone

import webhooks.services
from access import approvals, tokens
from access.approvals import Question
from access.models import ApiClient, User
from access.roles import ADMINISTRATOR, API_CLIENT, AUDITOR, SUPERVISOR, TELLER
from access.signed_tokens import ACCESS_VALID, LEEWAY
from access.site import acting_as, this_bank
from accounts.services import open_internal_accounts, place_hold
from accounts.tests.people import CASH, NOON, euros, move, open_anna, post
from banksite.urls_api import endpoints
from messaging import services
from tests.api.bank import Api, employ, enlist, token_of

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
ROLES = (ADMINISTRATOR, SUPERVISOR, TELLER, AUDITOR, API_CLIENT)
STRANGERS = ("anonymous", "expired token", "forged token", "token of another bank")
CLIENT_OF_OTHERS = "client of other customers"
EVERYBODY = frozenset({*ROLES, CLIENT_OF_OTHERS})
PAYERS = frozenset({TELLER, API_CLIENT, CLIENT_OF_OTHERS})
OVERSEERS = frozenset({ADMINISTRATOR, SUPERVISOR, AUDITOR})
COUNTER = frozenset({SUPERVISOR, TELLER})
WATCHERS = frozenset({ADMINISTRATOR, SUPERVISOR, AUDITOR, API_CLIENT, CLIENT_OF_OTHERS})
PROGRAMS = frozenset({API_CLIENT, CLIENT_OF_OTHERS})
HEARERS = PROGRAMS | {ADMINISTRATOR}
READERS = frozenset({SUPERVISOR, TELLER, AUDITOR, API_CLIENT, CLIENT_OF_OTHERS})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One address and method: `may` get `status` with `body`; everybody else who is known gets `refusal`, a stranger 401.

    An `is_open` address is for strangers, so whoever comes gets `status`. `others` is what a client of other customers gets
    where it may do this, but not to Anna. What is `rehearsed` is asked with `dry_run`, so that all can do it in turn.
    """

    status: int
    may: frozenset[str] = EVERYBODY
    refusal: int = 403
    others: int | None = None
    is_open: bool = False
    rehearsed: bool = False
    body: Mapping[str, object] = field(default_factory=dict)


TABLE: Mapping[tuple[str, str], Row] = {
    ("auth/token", "POST"): Row(status=400, is_open=True),
    ("auth/refresh", "POST"): Row(status=401, is_open=True, body={"refresh_token": "x"}),
    ("auth/logout", "POST"): Row(status=401, is_open=True, body={"refresh_token": "x"}),
    ("me", "GET"): Row(status=200),
    ("clients", "GET"): Row(status=200, may=OVERSEERS),
    ("clients", "POST"): Row(status=200, may=frozenset({ADMINISTRATOR}), rehearsed=True, body={"username": "shop"}),
    ("clients/<str:username>", "GET"): Row(status=200, may=OVERSEERS),
    ("clients/<str:username>", "PATCH"): Row(status=200, may=frozenset({ADMINISTRATOR}), rehearsed=True, body={"is_active": False}),
    ("clients/<str:username>/limits", "POST"): Row(
        status=200, may=frozenset({ADMINISTRATOR, SUPERVISOR}), rehearsed=True, body={"limits": []}
    ),
    ("clients/<str:username>/secret", "POST"): Row(status=200, may=frozenset({ADMINISTRATOR}), rehearsed=True),
    ("clients/<str:username>/mandates", "GET"): Row(status=200, may=OVERSEERS),
    ("clients/<str:username>/mandates", "POST"): Row(
        status=200, may=frozenset({ADMINISTRATOR}), rehearsed=True, body={"customer_id": "<uuid:customer_id>"}
    ),
    ("clients/<str:username>/mandates/<uuid:customer_id>/revoke", "POST"): Row(status=404, may=frozenset({ADMINISTRATOR})),
    ("banks", "GET"): Row(status=200),
    ("approvals", "GET"): Row(status=200, may=OVERSEERS),
    ("approvals/<uuid:approval_id>/approve", "POST"): Row(status=200, may=frozenset({SUPERVISOR})),
    ("approvals/<uuid:approval_id>/refuse", "POST"): Row(status=422, may=frozenset({SUPERVISOR})),
    ("customers", "GET"): Row(status=200, may=READERS),
    ("customers", "POST"): Row(status=200, may=frozenset({TELLER}), rehearsed=True, body={"name": "Bram", "phone": "0612345678"}),
    ("customers/<uuid:customer_id>", "GET"): Row(status=200, may=READERS, others=404),
    ("customers/<uuid:customer_id>", "PATCH"): Row(status=200, may=frozenset({TELLER}), rehearsed=True, body={"name": "Anne"}),
    ("customers/<uuid:customer_id>/close", "POST"): Row(status=409, may=frozenset({SUPERVISOR})),
    ("accounts", "GET"): Row(status=200, may=READERS),
    ("accounts", "POST"): Row(
        status=200,
        may=frozenset({TELLER}),
        rehearsed=True,
        body={"customer_id": "<uuid:customer_id>", "kind": "savings", "currency": "EUR"},
    ),
    ("accounts/<str:number>", "GET"): Row(status=200, may=READERS, others=404),
    ("accounts/<str:number>/freeze", "POST"): Row(status=200, may=COUNTER, rehearsed=True, body={"reason": "lost card"}),
    ("accounts/<str:number>/unfreeze", "POST"): Row(status=409, may=frozenset({SUPERVISOR}), body={"reason": "found it"}),
    ("accounts/<str:number>/close", "POST"): Row(status=409, may=COUNTER),
    ("accounts/<str:number>/credit-limit", "POST"): Row(
        status=200, may=frozenset({SUPERVISOR}), rehearsed=True, body={"credit_limit_minor": 100, "reason": "good customer"}
    ),
    ("accounts/<str:number>/balance", "GET"): Row(status=200, may=READERS, others=404),
    ("accounts/<str:number>/statement", "GET"): Row(status=200, may=READERS, others=404),
    ("accounts/<str:number>/statement.csv", "GET"): Row(status=200, may=READERS, others=404),
    ("accounts/<str:number>/statement.pdf", "GET"): Row(status=200, may=READERS, others=404),
    ("cards", "GET"): Row(status=200, may=READERS),
    ("cards", "POST"): Row(status=200, may=COUNTER, rehearsed=True, body={"account": "<str:number>"}),
    ("cards/<uuid:card_id>/block", "POST"): Row(status=200, may=COUNTER, rehearsed=True, body={"reason": "lost"}),
    ("cards/<uuid:card_id>/unblock", "POST"): Row(status=409, may=COUNTER, body={"reason": "found"}),
    ("cards/<uuid:card_id>/replace", "POST"): Row(status=200, may=COUNTER, rehearsed=True, body={"reason": "worn"}),
    ("holds", "GET"): Row(status=200, may=READERS),
    ("holds", "POST"): Row(status=400, may=READERS - {AUDITOR}),
    ("holds/<uuid:hold_id>/release", "POST"): Row(status=200, may=READERS - {AUDITOR}, others=404, rehearsed=True),
    ("deposits", "POST"): Row(status=400, may=frozenset({TELLER})),
    ("withdrawals", "POST"): Row(status=400, may=frozenset({TELLER})),
    ("transfers", "GET"): Row(status=200, may=EVERYBODY - {ADMINISTRATOR}),
    ("transfers", "POST"): Row(status=400, may=PAYERS),
    ("transfers/<uuid:transfer_id>", "GET"): Row(status=404, may=EVERYBODY - {ADMINISTRATOR}),
    ("transfers/<uuid:transfer_id>/cancel", "POST"): Row(status=404, may=PAYERS | {SUPERVISOR}),
    ("transfers/<uuid:transfer_id>/reverse", "POST"): Row(status=404, may=frozenset({TELLER, SUPERVISOR}), body={"reason": "typo"}),
    ("transfer-batches", "POST"): Row(status=400, may=PAYERS),
    ("events", "GET"): Row(status=200, may=EVERYBODY - {ADMINISTRATOR}),
    ("webhooks", "GET"): Row(status=200, may=WATCHERS),
    ("webhooks", "POST"): Row(status=422, may=PROGRAMS, body={"url": "https://127.0.0.1/"}),
    ("webhooks/<uuid:endpoint_id>", "GET"): Row(status=200, may=WATCHERS, others=404),
    ("webhooks/<uuid:endpoint_id>", "PATCH"): Row(status=200, may=PROGRAMS, others=404, rehearsed=True, body={"events": []}),
    ("webhooks/<uuid:endpoint_id>/disable", "POST"): Row(status=200, may=HEARERS, others=404, rehearsed=True, body={"reason": "moving"}),
    ("webhooks/<uuid:endpoint_id>/enable", "POST"): Row(status=409, may=HEARERS, others=404),
    ("webhooks/<uuid:endpoint_id>/rotate-secret", "POST"): Row(status=200, may=PROGRAMS, others=404, rehearsed=True),
    ("webhooks/<uuid:endpoint_id>/test", "POST"): Row(status=200, may=HEARERS, others=404, rehearsed=True),
    ("webhooks/<uuid:endpoint_id>/deliveries", "GET"): Row(status=200, may=WATCHERS, others=404),
    ("webhook-deliveries/<uuid:delivery_id>", "GET"): Row(status=200, may=WATCHERS, others=404),
    ("webhook-deliveries/<uuid:delivery_id>/send-again", "POST"): Row(status=200, may=HEARERS, others=404, rehearsed=True),
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
    places: Mapping[str, str]

    def path(self, address: str, *, rehearsed: bool = False) -> str:
        return "/api/v1/" + self.filled(address) + ("?dry_run=true" if rehearsed else "")

    def filled(self, text: str) -> str:
        """Return the text with what Anna has in place of `<uuid:customer_id>` and the like."""
        for name, value in self.places.items():
            text = text.replace(name, value)
        return text


@pytest.fixture
def cast() -> Cast:
    staff = {role: employ(role.split()[0].lower(), role) for role in ROLES if role != API_CLIENT}
    programs = {API_CLIENT: enlist("branch", API_CLIENT, whole_bank=True), CLIENT_OF_OTHERS: enlist("erp", API_CLIENT)}
    with transaction.atomic():
        question = Question(action="closed-bank.refund", subject="bank:BNKX", reason="it closed")
        [approval] = approvals.ask_each(questions=[question], by=employ("asker"), now=timezone.now())
    given = {who: token_of(user) for who, user in (staff | programs).items()}
    places = {"<uuid:approval_id>": str(approval), "<str:username>": "erp"} | belongings(staff[TELLER]) | webhook_of(programs[API_CLIENT])
    return Cast(tokens=given | strangers(staff[SUPERVISOR]), places=places)


def belongings(teller: User) -> dict[str, str]:
    """Return what Anna has, by its place in an address: accounts with 100 euros, a card, a hold."""
    open_internal_accounts(numbers=[CASH], now=NOON)
    anna = open_anna(teller)
    post(move(CASH, anna.checking, "100.00"))
    hold = place_hold(number=anna.checking, amount=euros("1.00"), expires_at=NOON + timedelta(days=1), by=teller, now=NOON)
    return {
        "<uuid:customer_id>": str(anna.id),
        "<str:number>": anna.checking,
        "<uuid:card_id>": str(anna.card_id),
        "<uuid:hold_id>": str(hold),
        "<uuid:transfer_id>": str(uuid4()),
    }


def webhook_of(owner: User) -> dict[str, str]:
    """Return a program's webhook and a delivery to it, by their places in an address."""
    endpoint = webhooks.services.register_endpoint(
        url="https://erp.example/", events=[], after=None, addresses=["93.184.216.34"], by=owner, now=NOON
    )
    delivery = webhooks.services.send_test(endpoint_id=endpoint.id, by=owner, now=NOON)
    return {"<uuid:endpoint_id>": str(endpoint.id), "<uuid:delivery_id>": str(delivery)}


def strangers(supervisor: User) -> dict[str, str]:
    """Return tokens that name a supervisor and count for nothing."""
    now, sound = timezone.now(), token_of(supervisor)
    expired = tokens.issue(user=supervisor, now=now - ACCESS_VALID - LEEWAY).access
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
    if who == CLIENT_OF_OTHERS and row.others is not None:
        return row.others
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
            body = json.loads(cast.filled(json.dumps(row.body))) if row else {}
            path = cast.path(address, rehearsed=row is not None and row.rehearsed)
            answer = api.ask(method, path, None if method == "GET" else body, token=token, key=str(uuid4()))

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
