"""Limits over the API: what a program is told when it has ordered enough."""

from datetime import timedelta

import pytest
import time_machine

from access.roles import API_CLIENT
from accounts.services import open_internal_accounts
from accounts.tests.people import ANNA, BRAM, CASH, NOON, balance, move, open_plainly, post
from tests.api.bank import Api, enlist, token_of

TRANSFERS = "/api/v1/transfers"


@pytest.fixture(autouse=True)
def money() -> None:
    open_internal_accounts(numbers=[CASH], now=NOON)
    open_plainly(ANNA, name="Anna")
    open_plainly(BRAM, name="Bram")
    post(move(CASH, ANNA, "100.00"))


def order(amount_minor: int) -> dict[str, object]:
    return {"debtor": ANNA, "creditor": BRAM, "creditor_name": "Bram", "amount": {"amount_minor": amount_minor, "currency": "EUR"}}


class TestADailyLimit:
    def test_says_when_to_ask_again_and_keeps_the_key_for_it(self, api: Api) -> None:
        erp = enlist("erp", API_CLIENT, whole_bank=True, limits={"EUR": {"per_day_minor": 5_000}})
        with time_machine.travel(NOON, tick=False):
            assert api.post(TRANSFERS, order(4_000), token=token_of(erp), key="a").status_code == 201

            refused = api.post(TRANSFERS, order(2_000), token=token_of(erp), key="b")
            rehearsed = api.post(f"{TRANSFERS}?dry_run=true", order(2_000), token=token_of(erp))

        assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (429, "daily-limit-exceeded", "39600")
        assert (rehearsed.status_code, rehearsed["Retry-After"]) == (429, "39600")
        with time_machine.travel(NOON + timedelta(seconds=39_600), tick=False):
            again = api.post(TRANSFERS, order(2_000), token=token_of(erp), key="b")
        assert again.status_code == 201
        assert balance(BRAM) == "60.00"

    def test_is_for_each_order_of_a_batch(self, api: Api) -> None:
        erp = enlist("erp", API_CLIENT, whole_bank=True, limits={"EUR": {"per_day_minor": 5_000}})

        answer = api.post(
            "/api/v1/transfer-batches", {"transfers": [order(3_000), order(3_000), order(2_000)]}, token=token_of(erp), key="a"
        )

        assert [(each["status"], (each["refusal"] or {}).get("code")) for each in answer.json()["outcomes"]] == [
            ("completed", None),
            ("refused", "daily-limit-exceeded"),
            ("completed", None),
        ]
        assert balance(BRAM) == "50.00"


class TestALimitPerTransfer:
    def test_is_final(self, api: Api) -> None:
        erp = enlist("erp", API_CLIENT, whole_bank=True, limits={"EUR": {"per_transfer_minor": 1_000}})

        answers = [api.post(TRANSFERS, order(1_001), token=token_of(erp), key="a") for _ in range(2)]

        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "transfer-limit-exceeded")] * 2
        assert answers[1]["Idempotent-Replayed"] == "true"
