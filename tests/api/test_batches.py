"""Many payments in one request: an outcome for each, all or nothing on demand, once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from access.models import User
from access.roles import API_CLIENT
from access.site import acting_as, this_bank
from tests.api.bank import Api, enlist, token_of
from tests.api.test_transfers import code_of, mandated, order
from transfers.models import Transfer
from transfers.tests.people import ANNA, BRAM, SITE, balance, conserved, furnish

BATCHES = "/api/v1/transfer-batches"


@pytest.fixture(autouse=True)
def anna(open_bank: None) -> Iterator[None]:
    """Be Bank A as the tests of transfers know it: Anna has 100 euros, Bram none."""
    with acting_as(replace(SITE, token_key_file=this_bank().token_key_file)):
        furnish()
        yield
        assert conserved()


@pytest.fixture
def erp() -> User:
    """Anna's own program."""
    return mandated(enlist("erp", API_CLIENT), ANNA)


@pytest.mark.money
class TestABatch:
    def test_has_an_outcome_for_each_order(self, api: Api, erp: User) -> None:
        mixed = [order(BRAM), order(), order(BRAM, 10**6), order(ANNA, debtor=BRAM), order(BRAM, currency="XXX")]

        answer = api.post(BATCHES, {"transfers": mixed}, token=token_of(erp), key="k")

        said = answer.json()
        assert (answer.status_code, said["accepted"], said["refused"]) == (200, 2, 3)
        assert [each["status"] for each in said["outcomes"]] == ["completed", "pending", "refused", "refused", "refused"]
        refusals = [each["refusal"]["code"] for each in said["outcomes"] if each["refusal"]]
        assert refusals == ["insufficient-funds", "account-unknown", "currency-unknown"]
        assert (balance(ANNA), balance(BRAM)) == (10_000 - 2_000 - 25, 1_000)

    def test_is_done_once(self, api: Api, erp: User) -> None:
        body, token = {"transfers": [order(BRAM), order(BRAM)]}, token_of(erp)

        first, again = (api.post(BATCHES, body, token=token, key="k") for _ in range(2))

        assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
        assert balance(BRAM) == 2_000

    def test_can_be_rehearsed(self, api: Api, erp: User) -> None:
        said = api.post(BATCHES + "?dry_run=true", {"transfers": [order(BRAM)]}, token=token_of(erp)).json()

        assert (said["accepted"], balance(BRAM)) == (1, 0)

    def test_costs_the_same_for_any_number(self, api: Api, erp: User, django_assert_max_num_queries: Any) -> None:
        token = token_of(erp)
        api.post(BATCHES, {"transfers": [order(BRAM, 1)]}, token=token, key="first")

        with django_assert_max_num_queries(25) as one:
            api.post(BATCHES, {"transfers": [order(BRAM, 1)]}, token=token, key="one")
        with django_assert_max_num_queries(25) as many:
            api.post(BATCHES, {"transfers": [order(BRAM, 1) for _ in range(1_000)]}, token=token, key="many")

        assert len(many) == len(one)
        assert balance(BRAM) == 1_002

    @pytest.mark.parametrize("number", [0, 1_001])
    def test_holds_one_to_a_thousand(self, api: Api, erp: User, number: int) -> None:
        answer = api.post(BATCHES, {"transfers": [order(BRAM, 1)] * number}, token=token_of(erp), key="k")

        assert code_of(answer) == (400, "request-invalid")
        assert answer.json()["errors"][0]["pointer"] == "/transfers"


@pytest.mark.money
class TestAllOrNothing:
    @pytest.mark.parametrize(
        ("bad", "place"),
        [
            (order(BRAM, 10**6), "/transfers"),
            (order(BRAM, currency="XXX"), "/transfers/1"),
            (order(ANNA, debtor=BRAM), "/transfers/1"),
        ],
    )
    def test_books_nothing_when_one_is_refused(self, api: Api, erp: User, bad: dict[str, Any], place: str) -> None:
        before = Transfer.objects.count()

        answer = api.post(BATCHES, {"atomic": True, "transfers": [order(BRAM), bad, order(BRAM)]}, token=token_of(erp), key="k")

        assert code_of(answer) == (422, "others-refused")
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [place]
        assert (balance(ANNA), Transfer.objects.count()) == (10_000, before)

    def test_books_all_when_all_can(self, api: Api, erp: User) -> None:
        answer = api.post(BATCHES, {"atomic": True, "transfers": [order(BRAM), order()]}, token=token_of(erp), key="k")

        assert (answer.status_code, answer.json()["accepted"]) == (200, 2)
