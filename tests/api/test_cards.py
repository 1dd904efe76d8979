"""Cards over the API: the full number is said once; who does not act for the holder finds no card."""

from typing import Any

import pytest

from access.models import User
from access.roles import SUPERVISOR, TELLER
from accounts.cards import is_card_number
from accounts.models import Card
from accounts.services import OpenedCustomer
from accounts.tests.people import open_anna
from tests.api.bank import Api, employ, token_of
from tests.api.test_customers import program_for

CARDS = "/api/v1/cards"


@pytest.fixture
def tess() -> User:
    return employ("tess", TELLER)


@pytest.fixture
def teller(tess: User) -> str:
    return token_of(tess)


@pytest.fixture
def anna(tess: User) -> OpenedCustomer:
    return open_anna(tess)


class TestIssuing:
    def test_says_the_number_to_the_first_who_asks(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        first, second = (api.post(CARDS, {"account": anna.savings}, token=teller, key="k") for _ in range(2))

        said = first.json()
        assert (first.status_code, second.status_code, Card.objects.count()) == (201, 201, 2)
        assert is_card_number(said["card_number"])
        assert said["card_number"].endswith(said["last_four"])
        assert second.json() == said | {"card_number": None}

    def test_to_an_account_of_others_finds_none(self, api: Api, anna: OpenedCustomer) -> None:
        answer = api.post(CARDS, {"account": anna.savings}, token=program_for(), key="k")

        assert (answer.status_code, answer.json()["code"], Card.objects.count()) == (404, "account-unknown", 1)


class TestTheList:
    def test_is_newest_first_and_narrowed(self, api: Api, teller: str, tess: User, anna: OpenedCustomer) -> None:
        bram = open_anna(tess, name="Bram", phone="0612340000")

        def found(query: str, token: str = teller) -> list[str]:
            return [row["id"] for row in api.get(f"{CARDS}?{query}", token=token).json()["data"]]

        assert found("") == [str(bram.card_id), str(anna.card_id)]
        assert found(f"customer_id={anna.id}") == found(f"account={anna.checking}") == [str(anna.card_id)]
        assert found("", program_for(str(bram.id))) == [str(bram.card_id)]
        first = api.get(f"{CARDS}?limit=1", token=teller).json()
        assert found(f"limit=1&cursor={first['next']}") == [str(anna.card_id)]

    def test_says_no_more_than_the_last_digits(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        answer = api.get(CARDS, token=teller)

        assert answer.json()["data"][0]["last_four"] == anna.card_number[-4:]
        assert anna.card_number not in answer.content.decode()
        assert Card.objects.get().token not in answer.content.decode()

    def test_costs_the_same_however_many_there_are(self, api: Api, tess: User, teller: str, django_assert_num_queries: Any) -> None:
        api.get(CARDS, token=teller)
        for serial in range(2):
            open_anna(tess, phone=f"06123400{serial}")

            with django_assert_num_queries(3):
                api.get(CARDS, token=teller)


class TestACard:
    def test_is_blocked_unblocked_and_replaced(self, api: Api, anna: OpenedCustomer) -> None:
        boss = token_of(employ("sam", SUPERVISOR))
        steps = [("block", "blocked"), ("unblock", "active"), ("block", "blocked")]

        for turn, (word, status) in enumerate(steps):
            answer = api.post(f"{CARDS}/{anna.card_id}/{word}", {"reason": "lost"}, token=boss, key=str(turn))
            assert (answer.status_code, answer.json()["status"]) == (200, status)
        replaced = api.post(f"{CARDS}/{anna.card_id}/replace", {"reason": "lost"}, token=boss, key="replace")

        assert replaced.status_code == 201
        assert is_card_number(replaced.json()["card_number"])
        assert dict(Card.objects.values_list("last_four", "status")) == {
            anna.card_number[-4:]: "replaced",
            replaced.json()["last_four"]: "active",
        }

    def test_refuses_what_its_status_forbids(self, api: Api, teller: str, anna: OpenedCustomer) -> None:
        answer = api.post(f"{CARDS}/{anna.card_id}/unblock", {"reason": "found"}, token=teller, key="k")

        assert (answer.status_code, answer.json()["code"]) == (409, "card-status-wrong")

    @pytest.mark.parametrize("word", ["block", "unblock", "replace"])
    def test_of_others_is_not_there(self, api: Api, anna: OpenedCustomer, word: str) -> None:
        answer = api.post(f"{CARDS}/{anna.card_id}/{word}", {"reason": "x"}, token=program_for(), key="k")

        assert (answer.status_code, answer.json()["code"], Card.objects.get().status) == (404, "card-unknown", "active")
