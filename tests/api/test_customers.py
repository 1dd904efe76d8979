"""Customers over the API: opened, found, changed and let go, each only by those who act for them."""

from typing import Any

import pytest

from access.models import AuditEvent, IdempotencyKey, User
from access.roles import API_CLIENT, SUPERVISOR, TELLER
from accounts.cards import is_card_number
from accounts.models import Account, Card, Customer, Mandate
from accounts.services import close_account
from accounts.tests.people import NOON
from tests.api.bank import Api, employ, enlist, token_of

CUSTOMERS = "/api/v1/customers"
ANNA = {"name": "Anna de Vries", "phone": "+31 6 1234 5678", "email": "anna@example.org"}


@pytest.fixture
def tess() -> User:
    return employ("tess", TELLER)


@pytest.fixture
def teller(tess: User) -> str:
    return token_of(tess)


def opened(api: Api, token: str, **more: str) -> Any:
    body = ANNA | more
    return api.post(CUSTOMERS, body, token=token, key=f"open-{body['phone']}").json()


def program_for(*customers: str, name: str = "erp") -> str:
    user = enlist(name, API_CLIENT, TELLER, SUPERVISOR)
    Mandate.objects.bulk_create(Mandate(user=user, customer_id=each, granted_at=NOON) for each in customers)
    return token_of(user)


class TestOpening:
    def test_gives_two_accounts_and_a_card(self, api: Api, teller: str) -> None:
        answer = api.post(CUSTOMERS, ANNA, token=teller, key="k")

        said = answer.json()
        assert answer.status_code == 201
        assert is_card_number(said["card_number"])
        assert list(Account.objects.order_by("id").values_list("number", "kind")) == [
            (said["checking"], "checking"),
            (said["savings"], "savings"),
        ]
        assert (str(Card.objects.get().id), Customer.objects.get().phone) == (said["card_id"], "+31612345678")

    def test_again_with_the_same_key_opens_nothing_and_shows_no_card_number(self, api: Api, teller: str) -> None:
        first, second = (api.post(CUSTOMERS, ANNA, token=teller, key="k") for _ in range(2))

        assert (second.status_code, second["Idempotent-Replayed"]) == (201, "true")
        assert second.json() == first.json() | {"card_number": None}
        assert Customer.objects.count() == 1

    def test_leaves_the_card_number_nowhere(self, api: Api, teller: str) -> None:
        number = api.post(CUSTOMERS, ANNA, token=teller, key="k").json()["card_number"]

        kept = [*IdempotencyKey.objects.values_list("body", flat=True), *AuditEvent.objects.values_list("after", flat=True)]
        assert len(kept) > 3
        assert number not in str(kept)

    def test_rehearsed_opens_nothing(self, api: Api, teller: str) -> None:
        answer = api.post(f"{CUSTOMERS}?dry_run=true", ANNA, token=teller)

        assert (answer.status_code, answer.json()["card_number"], Customer.objects.count()) == (200, None, 0)

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"name": " "}, "name-invalid"),
            ({"phone": "12"}, "phone-invalid"),
            ({"email": "anna"}, "email-invalid"),
            ({"currency": "XXX"}, "currency-not-offered"),
        ],
    )
    def test_refuses_what_cannot_be(self, api: Api, teller: str, wrong: dict[str, str], code: str) -> None:
        answer = api.post(CUSTOMERS, ANNA | wrong, token=teller, key="k")

        assert (answer.status_code, answer.json()["code"], Customer.objects.count()) == (422, code, 0)

    def test_with_the_phone_of_another_is_refused(self, api: Api, teller: str) -> None:
        opened(api, teller)

        answer = api.post(CUSTOMERS, ANNA | {"name": "Bram"}, token=teller, key="other")

        assert (answer.status_code, answer.json()["code"]) == (409, "phone-taken")

    def test_points_at_what_is_not_described(self, api: Api, teller: str) -> None:
        answer = api.post(CUSTOMERS, ANNA | {"vip": True}, token=teller, key="k")

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/vip")


class TestFinding:
    def test_goes_by_name_phone_and_number(self, api: Api, teller: str) -> None:
        anna = opened(api, teller)
        opened(api, teller, name="Bram Jansen", phone="0612340000")

        def found(search: str) -> list[str]:
            return [row["name"] for row in api.get(f"{CUSTOMERS}?search={search}", token=teller).json()["data"]]

        assert found("") == ["Anna de Vries", "Bram Jansen"]
        assert found("vries") == found("%2B3161234") == found(anna["savings"]) == ["Anna de Vries"]
        assert found("nobody") == []

    def test_shows_each_once_page_by_page(self, api: Api, teller: str) -> None:
        for serial in range(5):
            opened(api, teller, name="Anna" if serial < 3 else "Bram", phone=f"06123400{serial}")
        seen, cursor = [], ""

        for _ in range(3):
            page = api.get(f"{CUSTOMERS}?limit=2{cursor}", token=teller).json()
            seen += [row["id"] for row in page["data"]]
            cursor = f"&cursor={page['next']}"

        assert page["next"] is None
        assert seen == [str(each) for each in Customer.objects.order_by("name", "id").values_list("id", flat=True)]

    def test_costs_the_same_however_many_there_are(self, api: Api, teller: str, django_assert_num_queries: Any) -> None:
        api.get(CUSTOMERS, token=teller)
        for serial in range(2):
            opened(api, teller, phone=f"06123400{serial}")

            with django_assert_num_queries(3):
                api.get(CUSTOMERS, token=teller)

    def test_refuses_a_cursor_of_somebody_elses(self, api: Api, teller: str) -> None:
        answer = api.get(f"{CUSTOMERS}?cursor=e30", token=teller)

        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "cursor")


class TestAProgram:
    def test_finds_only_those_it_acts_for(self, api: Api, teller: str) -> None:
        anna, bram = opened(api, teller), opened(api, teller, name="Bram", phone="0612340000")
        token = program_for(anna["id"])

        listed = api.get(CUSTOMERS, token=token).json()["data"]

        assert [row["id"] for row in listed] == [anna["id"]]
        assert api.get(f"{CUSTOMERS}?search={bram['checking']}", token=token).json()["data"] == []
        assert api.get(f"{CUSTOMERS}/{anna['id']}", token=token).status_code == 200

    def test_cannot_tell_another_customer_from_none(self, api: Api, teller: str) -> None:
        bram, token = opened(api, teller), program_for()
        nobody = "0192c0de-0000-7000-8000-000000000000"

        for method, rest, body in (("GET", "", None), ("PATCH", "", {"name": "Mallory"}), ("POST", "/close", {})):
            answers = [
                api.ask(method, f"{CUSTOMERS}/{each}{rest}", body, token=token, key=f"{method}{each}") for each in (bram["id"], nobody)
            ]
            said = [
                answer.content.decode().replace(each, "").split("request_id")[0]
                for answer, each in zip(answers, (bram["id"], nobody), strict=True)
            ]
            assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "customer-unknown")] * 2
            assert said[0] == said[1]
        assert Customer.objects.get().name == "Anna de Vries"


class TestChanging:
    def test_reaches_the_accounts_and_the_audit_trail(self, api: Api, teller: str) -> None:
        anna = opened(api, teller)

        answer = api.ask("PATCH", f"{CUSTOMERS}/{anna['id']}", {"name": "Anna Bakker", "email": ""}, token=teller, key="k")

        said = answer.json()
        assert (answer.status_code, said["name"], said["email"], said["phone"]) == (200, "Anna Bakker", "", "+31612345678")
        assert set(Account.objects.values_list("holder_name", flat=True)) == {"Anna Bakker"}
        event = AuditEvent.objects.get(action="customer.changed")
        assert (event.before, event.after) == (
            {"name": "Anna de Vries", "email": "anna@example.org"},
            {"name": "Anna Bakker", "email": ""},
        )

    def test_to_what_it_was_leaves_no_trace(self, api: Api, teller: str) -> None:
        anna = opened(api, teller)

        assert api.ask("PATCH", f"{CUSTOMERS}/{anna['id']}", {"name": "Anna de Vries"}, token=teller, key="k").status_code == 200
        assert not AuditEvent.objects.filter(action="customer.changed").exists()

    def test_to_the_phone_of_another_is_refused(self, api: Api, teller: str) -> None:
        anna, bram = opened(api, teller), opened(api, teller, name="Bram", phone="0612340000")

        answer = api.ask("PATCH", f"{CUSTOMERS}/{bram['id']}", {"name": "Bert", "phone": ANNA["phone"]}, token=teller, key="k")

        assert (answer.status_code, answer.json()["code"]) == (409, "phone-taken")
        assert Customer.objects.get(id=bram["id"]).name == "Bram"
        assert anna["id"] != bram["id"]


class TestClosing:
    def test_needs_every_account_closed(self, api: Api, teller: str, tess: User) -> None:
        anna, boss = opened(api, teller), token_of(employ("sam", SUPERVISOR))
        path = f"{CUSTOMERS}/{anna['id']}/close"
        early = api.post(path, {"reason": "moved away"}, token=boss, key="early")
        for number in (anna["checking"], anna["savings"]):
            close_account(number=number, by=tess, now=NOON)

        late = api.post(path, {"reason": "moved away"}, token=boss, key="late")

        assert (early.status_code, early.json()["code"]) == (409, "customer-has-accounts")
        assert late.status_code == 200
        assert late.json()["closed_at"] is not None
