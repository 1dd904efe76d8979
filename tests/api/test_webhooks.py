"""Webhooks over the API: a program's own, with a secret that is shown once."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.models import AuditEvent, IdempotencyKey, User
from access.rest.pages import cursor_of
from access.roles import ADMINISTRATOR, API_CLIENT, TELLER
from tests.api.bank import Api, employ, enlist, token_of
from tests.api.test_transfers import code_of
from transfers import stream
from transfers.tests.people import NOON
from webhooks import lookup, services
from webhooks.models import Delivery, Endpoint

WEBHOOKS, DELIVERIES = "/api/v1/webhooks", "/api/v1/webhook-deliveries"
URL = "https://erp.example/hook"


@pytest.fixture(autouse=True)
def internet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know a few hosts without asking anybody."""
    hosts = {"erp.example": ["93.184.216.34"], "inside.example": ["93.184.216.34", "10.0.0.5"], "127.0.0.1": ["127.0.0.1"]}
    monkeypatch.setattr(lookup, "addresses_of", lambda host, port: hosts.get(host, []))


@pytest.fixture
def erp() -> User:
    return enlist("erp", API_CLIENT)


@pytest.fixture
def token(erp: User) -> str:
    return token_of(erp)


@pytest.fixture
def webhook(api: Api, token: str) -> str:
    return f"{WEBHOOKS}/{api.post(WEBHOOKS, {'url': URL}, token=token, key='register').json()['id']}"


def delivered(api: Api, webhook: str, token: str) -> Delivery:
    """Queue a test and say that it went well."""
    answer = api.post(f"{webhook}/test", token=token, key=uuid4().hex)
    Delivery.objects.filter(id=answer.json()["id"]).update(status="delivered", finished_at=NOON, attempts=1, answer_status=200)
    return Delivery.objects.get(id=answer.json()["id"])


class TestRegistering:
    def test_tells_the_secret_once_and_keeps_it_nowhere(self, api: Api, token: str) -> None:
        first, again = (api.post(WEBHOOKS, {"url": URL, "events": ["transfer.completed"]}, token=token, key="k") for _ in range(2))

        secret = first.json()["secret"]
        assert (first.status_code, again.status_code, again.json()["secret"]) == (201, 201, None)
        assert secret.startswith("whsec_")
        assert again.json()["id"] == first.json()["id"]
        endpoint = Endpoint.objects.get()
        kept = [str(IdempotencyKey.objects.values_list("body", flat=True).get()), str(AuditEvent.objects.values_list("after").last())]
        assert not any(secret in text for text in kept)
        assert secret.encode() not in bytes(endpoint.secret)

    def test_rehearsed_registers_nothing(self, api: Api, token: str) -> None:
        answer = api.post(f"{WEBHOOKS}?dry_run=true", {"url": URL}, token=token)

        assert (answer.status_code, answer.json()["secret"], Endpoint.objects.count()) == (200, None, 0)

    @pytest.mark.parametrize(
        ("url", "code"),
        [
            ("http://erp.example/", "webhook-url-invalid"),
            ("https://user@erp.example/", "webhook-url-invalid"),
            ("https://nowhere.example/", "webhook-url-invalid"),
            ("https://127.0.0.1/", "webhook-address-refused"),
            ("https://inside.example/", "webhook-address-refused"),
        ],
    )
    def test_leads_to_the_public_internet_only(self, api: Api, token: str, url: str, code: str) -> None:
        answer = api.post(WEBHOOKS, {"url": url}, token=token, key="k")

        assert code_of(answer) == (422, code)
        assert Endpoint.objects.count() == 0

    def test_leads_where_the_bank_allows_it(self, api: Api, token: str, settings: Any) -> None:
        settings.WEBHOOKS_ALLOW_PRIVATE = settings.WEBHOOKS_ALLOW_HTTP = True

        assert api.post(WEBHOOKS, {"url": "http://127.0.0.1:9/"}, token=token, key="k").status_code == 201

    def test_keeps_its_refusal_with_the_key_and_its_success_too(self, api: Api, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
        api.post(WEBHOOKS, {"url": URL}, token=token, key="good")
        monkeypatch.setattr(lookup, "addresses_of", lambda *_: [])  # the name server is away

        assert api.post(WEBHOOKS, {"url": URL}, token=token, key="good").status_code == 201

    @pytest.mark.parametrize("wrong", [{"events": ["transfer.exploded"]}, {"url": "x" * 501}, {"colour": "red"}, {"after": 5}])
    def test_takes_only_what_is_described(self, api: Api, token: str, wrong: dict[str, object]) -> None:
        answer = api.post(WEBHOOKS, {"url": URL} | wrong, token=token, key="k")

        assert code_of(answer) == (400, "request-invalid")

    def test_begins_where_events_were_read_to(self, api: Api, token: str) -> None:
        place = stream.end()

        answer = api.post(WEBHOOKS, {"url": URL, "after": cursor_of(place)}, token=token, key="k")

        assert answer.status_code == 201
        assert Endpoint.objects.values_list("place_xid", "place_id").get() == place

    @pytest.mark.parametrize("place", [(2**63, 0), (2**63 - 1, 0), (-1, 0), (0, -1), (0, 2**63), (0, 1)])
    def test_begins_nowhere_that_events_never_named(self, api: Api, token: str, place: tuple[int, int]) -> None:
        answer = api.post(WEBHOOKS, {"url": URL, "after": cursor_of(place)}, token=token, key="k")

        assert code_of(answer) == (400, "request-invalid")
        assert Endpoint.objects.count() == 0

    def test_ends_at_twenty(self, api: Api, token: str) -> None:
        answers = [api.post(WEBHOOKS, {"url": URL}, token=token, key=f"k{number}") for number in range(21)]

        assert [answer.status_code for answer in answers] == [201] * 20 + [409]
        assert answers[-1].json()["code"] == "too-many-webhooks"

    def test_ends_at_twenty_by_enabling_too(self, api: Api, webhook: str, token: str) -> None:
        api.post(f"{webhook}/disable", {"reason": "moving"}, token=token, key="off")
        for number in range(20):
            api.post(WEBHOOKS, {"url": URL}, token=token, key=f"k{number}")
        ada = token_of(employ("ada", ADMINISTRATOR))

        answers = [api.post(f"{webhook}/enable", {"reason": "moved"}, token=who, key="on") for who in (token, ada)]

        assert {code_of(answer) for answer in answers} == {(409, "too-many-webhooks")}
        assert Endpoint.objects.filter(disabled_at__isnull=True).count() == 20

    def test_is_for_those_who_may_follow_events(self, api: Api) -> None:
        answer = api.post(WEBHOOKS, {"url": URL}, token=token_of(employ("ada", ADMINISTRATOR)), key="k")

        assert code_of(answer) == (403, "not-allowed")


class TestChanging:
    def test_gives_it_another_url_and_other_events(self, api: Api, webhook: str, token: str) -> None:
        changed = {"url": "https://erp.example/new", "events": ["transfer.rejected", "transfer.completed"]}

        answer = api.ask("PATCH", webhook, changed, token=token, key="k")

        assert answer.json()["url"] == "https://erp.example/new"
        assert answer.json()["events"] == ["transfer.completed", "transfer.rejected"]
        assert AuditEvent.objects.filter(action="webhook.changed").count() == 1

    def test_leaves_what_is_not_named(self, api: Api, webhook: str, token: str) -> None:
        answer = api.ask("PATCH", webhook, {"events": ["transfer.completed"]}, token=token, key="k")

        assert (answer.json()["url"], answer.json()["events"]) == (URL, ["transfer.completed"])

    def test_looks_where_the_new_url_leads(self, api: Api, webhook: str, token: str) -> None:
        answer = api.ask("PATCH", webhook, {"url": "https://inside.example/"}, token=token, key="k")

        assert code_of(answer) == (422, "webhook-address-refused")
        assert Endpoint.objects.get().url == URL

    def test_disables_and_enables(self, api: Api, webhook: str, token: str) -> None:
        off = api.post(f"{webhook}/disable", {"reason": "moving"}, token=token, key="off")
        twice = api.post(f"{webhook}/disable", {"reason": "moving"}, token=token, key="off again")
        test = api.post(f"{webhook}/test", token=token, key="test")
        on = api.post(f"{webhook}/enable", token=token, key="on")
        on_twice = api.post(f"{webhook}/enable", token=token, key="on again")

        assert (off.json()["status"], off.json()["disabled_why"], on.json()["status"]) == ("disabled", "moving", "active")
        assert [code_of(answer) for answer in (twice, test, on_twice)] == [
            (409, "webhook-disabled"),
            (409, "webhook-disabled"),
            (409, "webhook-active"),
        ]

    def test_takes_a_reason_to_disable(self, api: Api, webhook: str, token: str) -> None:
        assert code_of(api.post(f"{webhook}/disable", token=token, key="k")) == (422, "reason-missing")

    def test_gives_it_a_new_secret_once(self, api: Api, webhook: str, token: str) -> None:
        first, again = (api.post(f"{webhook}/rotate-secret", token=token, key="k") for _ in range(2))

        assert first.json()["secret"].startswith("whsec_")
        assert again.json()["secret"] is None
        assert api.get(webhook, token=token).json()["previous_secret_until"] is not None


class TestDeliveries:
    def test_are_listed_newest_first_and_narrowed(self, api: Api, webhook: str, token: str) -> None:
        first = delivered(api, webhook, token)
        second = api.post(f"{webhook}/test", token=token, key="second").json()

        def found(query: str) -> list[str]:
            return [row["id"] for row in api.get(f"{webhook}/deliveries?{query}", token=token).json()["data"]]

        assert found("") == [second["id"], str(first.id)]
        assert (found("status=pending"), found("status=delivered")) == ([second["id"]], [str(first.id)])
        page = api.get(f"{webhook}/deliveries?limit=1", token=token).json()
        assert found(f"limit=1&cursor={page['next']}") == [str(first.id)]

    def test_can_be_sent_again(self, api: Api, webhook: str, token: str) -> None:
        delivery = delivered(api, webhook, token)

        answer = api.post(f"{DELIVERIES}/{delivery.id}/send-again", token=token, key="k")

        assert (answer.status_code, answer.json()["status"], answer.json()["id"]) == (202, "pending", str(delivery.id))

    def test_can_be_tested(self, api: Api, webhook: str, token: str) -> None:
        answer = api.post(f"{webhook}/test", token=token, key="k")

        assert (answer.status_code, answer.json()["type"], answer.json()["event"]) == (202, "webhook.test", None)
        assert api.get(f"{DELIVERIES}/{answer.json()['id']}", token=token).json() == answer.json()

    def test_cost_the_same_however_many_there_are(self, api: Api, webhook: str, token: str) -> None:
        costs = []
        for _ in range(2):
            delivered(api, webhook, token)
            with CaptureQueriesContext(connection) as asked:
                api.get(f"{webhook}/deliveries", token=token)
                api.get(WEBHOOKS, token=token)
            costs.append(len(asked))
            services.register_endpoint(url=URL, events=[], after=None, addresses=["8.8.8.8"], by=User.objects.get(username="erp"), now=NOON)

        assert costs[0] == costs[1]


class TestOthers:
    def test_see_nothing_of_it(self, api: Api, webhook: str, token: str) -> None:
        delivery = delivered(api, webhook, token)
        stranger = token_of(enlist("stranger", API_CLIENT, whole_bank=True))

        answers = [
            api.get(webhook, token=stranger),
            api.get(f"{webhook}/deliveries", token=stranger),
            api.ask("PATCH", webhook, {"events": []}, token=stranger, key="1"),
            api.post(f"{webhook}/disable", {"reason": "x"}, token=stranger, key="2"),
            api.post(f"{webhook}/rotate-secret", token=stranger, key="3"),
            api.post(f"{webhook}/test", token=stranger, key="4"),
        ]
        of_delivery = [
            api.get(f"{DELIVERIES}/{delivery.id}", token=stranger),
            api.post(f"{DELIVERIES}/{delivery.id}/send-again", token=stranger, key="5"),
        ]

        assert {code_of(answer) for answer in answers} == {(404, "webhook-unknown")}
        assert {code_of(answer) for answer in of_delivery} == {(404, "delivery-unknown")}
        assert api.get(WEBHOOKS, token=stranger).json()["data"] == []

    def test_of_the_staff_neither_say_where_it_leads_nor_learn_its_secret(self, api: Api, webhook: str) -> None:
        ada, before = token_of(employ("ada", ADMINISTRATOR, TELLER)), Endpoint.objects.get()

        answers = [
            api.ask("PATCH", webhook, {"url": "https://erp.example/ada"}, token=ada, key="1"),
            api.ask("PATCH", webhook, {"events": ["transfer.completed"]}, token=ada, key="2"),
            api.post(f"{webhook}/rotate-secret", {"reason": "curious"}, token=ada, key="3"),
        ]

        assert {code_of(answer) for answer in answers} == {(403, "not-your-webhook")}
        after = Endpoint.objects.get()
        assert (after.url, after.events, bytes(after.secret)) == (URL, [], bytes(before.secret))

    def test_of_the_staff_see_it_and_an_administrator_may_disable_it(self, api: Api, webhook: str) -> None:
        ada, tess = token_of(employ("ada", ADMINISTRATOR)), token_of(employ("tess", TELLER))

        listed = api.get(WEBHOOKS, token=ada).json()["data"]
        disabled = api.post(f"{webhook}/disable", {"reason": "complaints"}, token=ada, key="k")

        assert [row["owner"] for row in listed] == ["erp"]
        assert disabled.json()["status"] == "disabled"
        assert code_of(api.get(WEBHOOKS, token=tess)) == (403, "not-allowed")
