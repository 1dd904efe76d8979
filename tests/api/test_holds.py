"""Holds over the API: set aside once, freed once, only for those who act for the holder."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from access.models import User
from access.roles import API_CLIENT, TELLER
from accounts.models import Hold, Mandate
from accounts.services import OpenedCustomer, open_internal_accounts
from accounts.tests.people import CASH, NOON, held, hold, move, open_anna, post
from tests.api.bank import Api, employ, enlist, token_of
from tests.api.test_customers import program_for

HOLDS = "/api/v1/holds"


@pytest.fixture
def tess() -> User:
    return employ("tess", TELLER)


@pytest.fixture
def anna(tess: User) -> OpenedCustomer:
    """Be Anna, with 100 euros."""
    open_internal_accounts(numbers=[CASH], now=NOON)
    anna = open_anna(tess)
    post(move(CASH, anna.checking, "100.00"))
    return anna


@pytest.fixture
def shop(anna: OpenedCustomer) -> str:
    """Be a program with no role but its own, to which Anna gave a mandate."""
    user = enlist("shop", API_CLIENT)
    Mandate.objects.create(user=user, customer_id=anna.id, granted_at=NOON)
    return token_of(user)


def body(number: str, minor: int = 3_000, **more: object) -> dict[str, object]:
    soon = (timezone.now() + timedelta(days=7)).isoformat()
    return {"account": number, "amount": {"amount_minor": minor, "currency": "EUR"}, "expires_at": soon, "purpose": "hotel"} | more


@pytest.mark.money
class TestPlacing:
    def test_sets_the_amount_aside_once(self, api: Api, shop: str, anna: OpenedCustomer) -> None:
        wanted = body(anna.checking)

        first, second = (api.post(HOLDS, wanted, token=shop, key="k") for _ in range(2))

        said = first.json()
        assert (first.status_code, said["status"], said["amount"]) == (201, "placed", {"amount_minor": 3_000, "currency": "EUR"})
        assert (second.content, second["Idempotent-Replayed"]) == (first.content, "true")
        assert held(anna.checking) == "30.00"

    def test_rehearsed_sets_nothing_aside(self, api: Api, shop: str, anna: OpenedCustomer) -> None:
        answer = api.post(f"{HOLDS}?dry_run=true", body(anna.checking), token=shop)

        assert (answer.status_code, held(anna.checking)) == (200, "0.00")

    def test_more_than_there_is_refuses_with_the_numbers(self, api: Api, shop: str, anna: OpenedCustomer) -> None:
        answer = api.post(HOLDS, body(anna.checking, 10_001), token=shop, key="k")

        assert (answer.status_code, answer.json()["code"]) == (422, "insufficient-funds")
        assert "100.00 EUR" in answer.json()["detail"]
        assert held(anna.checking) == "0.00"

    @pytest.mark.parametrize("days", [-1, 367, 2_900_000])
    def test_ends_within_the_coming_year(self, api: Api, shop: str, anna: OpenedCustomer, days: int) -> None:
        when = (timezone.now() + timedelta(days=days)).isoformat()

        answer = api.post(HOLDS, body(anna.checking, expires_at=when), token=shop, key="k")

        assert (answer.status_code, answer.json()["code"]) == (422, "expiry-invalid")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"amount": {"amount_minor": 0, "currency": "EUR"}},
            {"amount": {"amount_minor": 1.5, "currency": "EUR"}},
            {"amount": "30.00"},
            {"expires_at": "2026-12-24T12:00:00"},
            {"purpose": "two\nlines"},
            {"purpose": "x" * 81},
        ],
    )
    def test_takes_only_what_is_described(self, api: Api, shop: str, anna: OpenedCustomer, wrong: dict[str, object]) -> None:
        answer = api.post(HOLDS, body(anna.checking) | wrong, token=shop, key="k")

        assert (answer.status_code, answer.json()["code"]) == (400, "request-invalid")
        assert answer.json()["errors"][0]["pointer"].startswith("/" + next(iter(wrong)))

    def test_on_an_account_of_others_finds_none(self, api: Api, anna: OpenedCustomer) -> None:
        answer = api.post(HOLDS, body(anna.checking), token=program_for(), key="k")

        assert (answer.status_code, answer.json()["code"], held(anna.checking)) == (404, "account-unknown", "0.00")


@pytest.mark.money
class TestReleasing:
    def test_frees_the_amount_once(self, api: Api, shop: str, anna: OpenedCustomer) -> None:
        path = f"{HOLDS}/{api.post(HOLDS, body(anna.checking), token=shop, key='place').json()['id']}/release"

        freed, again = api.post(path, token=shop, key="free"), api.post(path, token=shop, key="again")

        assert (freed.status_code, freed.json()["status"]) == (200, "released")
        assert (again.status_code, again.json()["code"]) == (409, "hold-ended")
        assert held(anna.checking) == "0.00"

    def test_of_what_waits_for_a_decision_is_refused(self, api: Api, shop: str, anna: OpenedCustomer) -> None:
        post(hold(anna.checking, "5.00"))

        answer = api.post(f"{HOLDS}/{Hold.objects.get().id}/release", token=shop, key="k")

        assert (answer.status_code, answer.json()["code"], held(anna.checking)) == (409, "hold-reserved", "5.00")

    def test_is_not_for_others(self, api: Api, anna: OpenedCustomer) -> None:
        post(hold(anna.checking, "5.00", expires_at=NOON + timedelta(days=1)))

        answer = api.post(f"{HOLDS}/{Hold.objects.get().id}/release", token=program_for(), key="k")

        assert (answer.status_code, answer.json()["code"], held(anna.checking)) == (404, "hold-unknown", "5.00")


class TestTheList:
    def test_is_newest_first_and_narrowed(self, api: Api, shop: str, anna: OpenedCustomer) -> None:
        post(*[hold(anna.checking, "1.00") for _ in range(3)])

        def found(query: str, token: str = shop) -> list[str]:
            return [row["id"] for row in api.get(f"{HOLDS}?{query}", token=token).json()["data"]]

        newest_first = [str(each) for each in Hold.objects.order_by("-id").values_list("id", flat=True)]
        assert found("") == found(f"account={anna.checking}&status=placed") == newest_first
        assert found("status=released") == found(f"account={anna.savings}") == found("", program_for()) == []
        page = api.get(f"{HOLDS}?limit=2", token=shop).json()
        assert found(f"limit=2&cursor={page['next']}") == newest_first[2:]

    def test_costs_the_same_however_many_there_are(self, api: Api, shop: str, anna: OpenedCustomer, django_assert_num_queries: Any) -> None:
        api.get(HOLDS, token=shop)
        for _ in range(2):
            post(hold(anna.checking, "1.00"))

            with django_assert_num_queries(3):
                api.get(HOLDS, token=shop)
