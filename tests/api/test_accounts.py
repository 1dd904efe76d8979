"""Accounts over the API: opened, shown, frozen, unfrozen, closed, each only by those who act for the holder."""

from typing import Any

import pytest

from access.models import Approval, User
from access.roles import AUDITOR, SUPERVISOR, TELLER
from accounts.models import Account
from accounts.services import OpenedCustomer, open_internal_accounts
from accounts.tests.people import CASH, NOON, hold, move, open_anna, post
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
def boss() -> str:
    return token_of(employ("sam", SUPERVISOR))


@pytest.fixture
def anna(tess: User) -> OpenedCustomer:
    """Be Anna, with 100 euros of which 30 are set aside."""
    open_internal_accounts(numbers=[CASH], now=NOON)
    anna = open_anna(tess)
    post(move(CASH, anna.checking, "100.00"), hold(anna.checking, "30.00"))
    return anna


class TestAnAccount:
    def test_says_what_it_holds(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        said = api.get(f"{ACCOUNTS}/{anna.checking}", token=teller).json()

        amounts = {name: (said[name]["amount_minor"], said[name]["currency"]) for name in ("balance", "held", "available", "credit_limit")}
        assert amounts == {"balance": (10_000, "EUR"), "held": (3_000, "EUR"), "available": (7_000, "EUR"), "credit_limit": (0, "EUR")}
        assert (said["kind"], said["status"], said["customer_id"]) == ("checking", "open", str(anna.id))

    def test_of_the_bank_itself_is_for_its_staff(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        own = api.get(f"{ACCOUNTS}/{CASH}", token=teller)

        assert (own.json()["balance"]["amount_minor"], own.json()["available"]) == (-10_000, None)
        assert api.get(f"{ACCOUNTS}/{CASH}", token=program_for(str(anna.id))).status_code == 404

    def test_is_not_there_for_a_program_of_others(self, api: Api, anna: OpenedCustomer) -> None:
        token = program_for()

        for method, rest, body in (
            ("GET", "", None),
            ("POST", "/freeze", {"reason": "x"}),
            ("POST", "/unfreeze", {"reason": "x"}),
            ("POST", "/close", {}),
        ):
            answer = api.ask(method, f"{ACCOUNTS}/{anna.checking}{rest}", body, token=token, key=rest)

            assert (answer.status_code, answer.json()["code"]) == (404, "account-unknown"), rest
        assert Account.objects.get(number=anna.checking).status == "open"


class TestTheList:
    def test_goes_by_number_page_by_page(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        seen, cursor = [], ""
        for _ in range(3):
            page = api.get(f"{ACCOUNTS}?limit=1{cursor}", token=teller).json()
            seen += [row["number"] for row in page["data"]]
            cursor = f"&cursor={page['next']}"

        assert page["next"] is None
        assert seen == sorted([CASH, anna.checking, anna.savings])

    def test_is_narrowed(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        def found(query: str) -> set[str]:
            return {row["number"] for row in api.get(f"{ACCOUNTS}?{query}", token=teller).json()["data"]}

        assert found(f"customer_id={anna.id}") == {anna.checking, anna.savings}
        assert found("status=frozen") == set()
        assert api.get(f"{ACCOUNTS}?status=melted", token=teller).json()["errors"][0]["parameter"] == "status"

    def test_shows_a_program_those_it_acts_for(self, api: Api, teller: str, tess: User, anna: OpenedCustomer) -> None:
        bram = open_anna(tess, name="Bram", phone="0612340000")

        rows = api.get(ACCOUNTS, token=program_for(str(bram.id))).json()["data"]

        assert {row["number"] for row in rows} == {bram.checking, bram.savings}

    def test_costs_the_same_however_many_there_are(
        self, api: Api, tess: User, anna: OpenedCustomer, django_assert_num_queries: Any
    ) -> None:
        token = token_of(employ("aud", AUDITOR))
        api.get(ACCOUNTS, token=token)
        for serial in range(2):
            open_anna(tess, phone=f"06123400{serial}")

            with django_assert_num_queries(3):
                api.get(ACCOUNTS, token=token)


class TestOpening:
    def test_another_account(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        body = {"customer_id": str(anna.id), "kind": "savings", "currency": "JPY"}

        first, second = (api.post(ACCOUNTS, body, token=teller, key="k") for _ in range(2))

        assert (first.status_code, first.json()["kind"], first.json()["balance"]) == (
            201,
            "savings",
            {"amount_minor": 0, "currency": "JPY"},
        )
        assert second.content == first.content
        assert Account.objects.filter(customer_id=anna.id).count() == 3

    @pytest.mark.parametrize(
        ("wrong", "answered"),
        [
            ({"kind": "cash"}, (422, "kind-not-offered")),
            ({"currency": "CHF"}, (422, "currency-not-offered")),
            ({"customer_id": "0192c0de-0000-7000-8000-000000000000"}, (404, "customer-unknown")),
        ],
    )
    def test_refuses_what_cannot_be(
        self, api: Api, teller: str, anna: OpenedCustomer, wrong: dict[str, str], answered: tuple[int, str]
    ) -> None:
        body = {"customer_id": str(anna.id), "kind": "savings", "currency": "EUR"} | wrong

        answer = api.post(ACCOUNTS, body, token=teller, key="k")

        assert (answer.status_code, answer.json()["code"]) == answered

    def test_for_a_customer_of_others_is_refused(self, api: Api, anna: OpenedCustomer) -> None:
        body = {"customer_id": str(anna.id), "kind": "savings", "currency": "EUR"}

        answer = api.post(ACCOUNTS, body, token=program_for(), key="k")

        assert (answer.status_code, answer.json()["code"]) == (404, "customer-unknown")


class TestStanding:
    def test_freezing_shows_at_once_and_unfreezing_waits_for_a_second_person(self, api: Api, boss: str, anna: OpenedCustomer) -> None:
        path = f"{ACCOUNTS}/{anna.checking}"

        frozen = api.post(f"{path}/freeze", {"reason": "lost card"}, token=boss, key="freeze")
        asked = api.post(f"{path}/unfreeze", {"reason": "found it"}, token=boss, key="unfreeze")

        assert (frozen.status_code, frozen.json()["status"]) == (200, "frozen")
        assert (asked.status_code, asked.json()) == (202, {"approval_id": str(Approval.objects.get().id)})
        assert Account.objects.get(number=anna.checking).status == "frozen"

    def test_freezing_needs_a_reason(self, api: Api, boss: str, anna: OpenedCustomer) -> None:
        answer = api.post(f"{ACCOUNTS}/{anna.checking}/freeze", token=boss, key="k")

        assert (answer.status_code, answer.json()["code"]) == (422, "reason-missing")

    def test_closing_is_for_empty_accounts_of_customers(self, api: Api, boss: str, anna: OpenedCustomer) -> None:
        answers = {
            number: api.post(f"{ACCOUNTS}/{number}/close", {"reason": "unused"}, token=boss, key=number)
            for number in (anna.savings, anna.checking, CASH)
        }

        assert (answers[anna.savings].status_code, answers[anna.savings].json()["status"]) == (200, "closed")
        assert [(answers[each].status_code, answers[each].json()["code"]) for each in (anna.checking, CASH)] == [
            (409, "account-not-empty"),
            (422, "account-internal"),
        ]
