"""Money over the API: cash, payments that stay and that leave, what became of them, and whose accounts a program may debit."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from access.models import User
from access.roles import API_CLIENT, AUDITOR, SUPERVISOR, TELLER
from access.site import acting_as, this_bank
from accounts import iban
from accounts.models import Customer, Mandate
from tests.api.bank import Api, employ, enlist, token_of
from transfers.models import Transfer
from transfers.tests.people import ANNA, BRAM, NOON, SITE, ZOE, balance, conserved, furnish, held, paid

DEPOSITS, WITHDRAWALS, TRANSFERS = "/api/v1/deposits", "/api/v1/withdrawals", "/api/v1/transfers"


@pytest.fixture(autouse=True)
def anna(open_bank: None) -> Iterator[None]:
    """Be Bank A as the tests of transfers know it: Anna has 100 euros, Bram none."""
    with acting_as(replace(SITE, token_key_file=this_bank().token_key_file)):
        furnish()
        yield
        assert conserved()


@pytest.fixture
def tess() -> User:
    return employ("tess", TELLER)


@pytest.fixture
def erp() -> User:
    """Anna's own program."""
    return mandated(enlist("erp", API_CLIENT), ANNA)


def mandated(program: User, number: str) -> User:
    Mandate.objects.create(user=program, customer=Customer.objects.get(accounts__number=number), granted_at=NOON)
    return program


def cash(amount_minor: int, account: str = ANNA, currency: str = "EUR", **more: str) -> dict[str, Any]:
    return {"account": account, "amount": {"amount_minor": amount_minor, "currency": currency}, **more}


def order(creditor: str = ZOE, amount_minor: int = 1_000, *, debtor: str = ANNA, currency: str = "EUR", **more: object) -> dict[str, Any]:
    amount = {"amount_minor": amount_minor, "currency": currency}
    return {"debtor": debtor, "creditor": creditor, "creditor_name": "Zoë", "amount": amount, **more}


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.money
class TestCash:
    def test_comes_in(self, api: Api, tess: User) -> None:
        answer = api.post(DEPOSITS, cash(500), token=token_of(tess), key="k")

        assert (answer.status_code, answer.json()["kind"], answer.json()["status"]) == (201, "deposit", "completed")
        assert balance(ANNA) == 10_500

    def test_goes_out(self, api: Api, tess: User) -> None:
        answer = api.post(WITHDRAWALS, cash(500), token=token_of(tess), key="k")

        assert (answer.status_code, answer.json()["kind"]) == (201, "withdrawal")
        assert balance(ANNA) == 9_500

    def test_of_much_waits_for_a_second_person(self, api: Api, tess: User) -> None:
        answer = api.post(DEPOSITS, cash(2_000_000), token=token_of(tess), key="k")

        assert (answer.status_code, answer.json()["status"]) == (202, "awaiting-approval")
        assert balance(ANNA) == 10_000

    def test_that_is_not_there_does_not_go_out(self, api: Api, tess: User) -> None:
        answer = api.post(WITHDRAWALS, cash(10_001), token=token_of(tess), key="k")

        assert code_of(answer) == (422, "insufficient-funds")

    @pytest.mark.parametrize("amount_minor", ["500", 5.5, -1, 0, 10**30, None, True])
    def test_is_a_whole_positive_number(self, api: Api, tess: User, amount_minor: object) -> None:
        body = {"account": ANNA, "amount": {"amount_minor": amount_minor, "currency": "EUR"}}

        answer = api.post(DEPOSITS, body, token=token_of(tess), key="k")

        assert code_of(answer) == (400, "request-invalid")
        assert answer.json()["errors"][0]["pointer"] == "/amount/amount_minor"
        assert balance(ANNA) == 10_000

    def test_of_no_currency_is_refused(self, api: Api, tess: User) -> None:
        assert code_of(api.post(DEPOSITS, cash(5, currency="XXX"), token=token_of(tess), key="k")) == (422, "currency-unknown")

    def test_never_comes_from_a_program(self, api: Api, erp: User) -> None:
        assert code_of(api.post(DEPOSITS, cash(5), token=token_of(erp), key="k")) == (403, "not-allowed")


@pytest.mark.money
class TestPaying:
    def test_inside_the_bank_is_done_at_once(self, api: Api, erp: User) -> None:
        answer = api.post(TRANSFERS, order(BRAM), token=token_of(erp), key="k")

        assert (answer.status_code, answer.json()["kind"], answer.json()["status"]) == (201, "internal", "completed")
        assert (balance(ANNA), balance(BRAM)) == (9_000, 1_000)

    def test_another_bank_leaves_and_can_be_followed(self, api: Api, erp: User) -> None:
        token = token_of(erp)

        answer = api.post(TRANSFERS, order(reference="rent", end_to_end_id="E2E-7"), token=token, key="k")
        shown = api.get(answer.json()["status_url"], token=token).json()

        assert (answer.status_code, answer.json()["kind"], answer.json()["status"]) == (202, "outgoing", "pending")
        assert balance(ANNA) == 10_000 - 1_000 - 25
        assert (shown["reference"], shown["end_to_end_id"], shown["fee_minor"], shown["destination_bank"]) == ("rent", "E2E-7", 25, "BNKB")
        assert [event["type"] for event in shown["events"]] == ["pending"]

    def test_is_done_once_however_often_it_is_sent(self, api: Api, erp: User) -> None:
        token = token_of(erp)

        first, again = (api.post(TRANSFERS, order(BRAM), token=token, key="k") for _ in range(2))

        assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (201, first.content, "true")
        assert balance(BRAM) == 1_000

    def test_needs_a_key(self, api: Api, erp: User) -> None:
        assert code_of(api.post(TRANSFERS, order(BRAM), token=token_of(erp))) == (400, "idempotency-key-missing")

    def test_can_be_rehearsed(self, api: Api, erp: User) -> None:
        answer = api.post(TRANSFERS + "?dry_run=true", order(), token=token_of(erp))

        assert (answer.status_code, answer["Dry-Run"], answer.json()["status"]) == (200, "true", "pending")
        assert balance(ANNA) == 10_000
        assert not Transfer.objects.filter(kind="outgoing").exists()

    def test_says_which_field_it_does_not_know(self, api: Api, erp: User) -> None:
        answer = api.post(TRANSFERS, order(BRAM, colour="red"), token=token_of(erp), key="k")

        assert code_of(answer) == (400, "request-invalid")
        assert answer.json()["errors"][0]["pointer"] == "/colour"

    def test_to_a_bank_nobody_knows_is_refused(self, api: Api, erp: User) -> None:
        answer = api.post(TRANSFERS, order(iban.make("NL", "BNKX", 1)), token=token_of(erp), key="k")

        assert code_of(answer) == (422, "bank-unknown")


@pytest.mark.money
class TestWhoseMoney:
    def test_is_only_that_of_who_gave_a_mandate(self, api: Api, erp: User) -> None:
        answer = api.post(TRANSFERS, order(ANNA, debtor=BRAM), token=token_of(erp), key="k")

        assert code_of(answer) == (404, "account-unknown")
        assert balance(ANNA) == 10_000

    def test_looks_alike_where_there_is_none(self, api: Api, erp: User) -> None:
        nobody, token = iban.make("NL", "BNKA", 999), token_of(erp)

        foreign = api.post(TRANSFERS, order(ANNA, debtor=BRAM), token=token, key="k").json()
        missing = api.post(TRANSFERS, order(ANNA, debtor=nobody), token=token, key="l").json()

        del foreign["request_id"], missing["request_id"]
        assert {**foreign, "detail": foreign["detail"].replace(BRAM, "")} == {**missing, "detail": missing["detail"].replace(nobody, "")}

    def test_is_everybodys_for_a_program_of_the_bank(self, api: Api) -> None:
        branch = enlist("branch", API_CLIENT, whole_bank=True)

        assert api.post(TRANSFERS, order(BRAM), token=token_of(branch), key="k").status_code == 201

    def test_shows_to_both_sides_and_nobody_else(self, api: Api, erp: User) -> None:
        transfer = paid(BRAM)
        statuses = [
            api.get(f"{TRANSFERS}/{transfer.id}", token=token_of(user)).status_code
            for user in (erp, mandated(enlist("brams", API_CLIENT), BRAM), enlist("stranger", API_CLIENT), employ("aud", AUDITOR))
        ]

        assert statuses == [200, 200, 404, 200]

    def test_cannot_be_stopped_by_others(self, api: Api) -> None:
        transfer = paid(ZOE)

        answer = api.post(f"{TRANSFERS}/{transfer.id}/cancel", {}, token=token_of(enlist("stranger", API_CLIENT)), key="k")

        assert code_of(answer) == (404, "transfer-unknown")


class TestTheList:
    def test_goes_newest_first_page_by_page(self, api: Api, tess: User) -> None:
        for _ in range(4):
            paid(BRAM, "1.00")
        token, seen, cursor = token_of(tess), [], ""

        for _ in range(3):
            page = api.get(f"{TRANSFERS}?limit=2{cursor}", token=token).json()
            seen += [row["id"] for row in page["data"]]
            cursor = f"&cursor={page['next']}"

        assert page["next"] is None
        assert seen == [str(each) for each in Transfer.objects.order_by("-id").values_list("id", flat=True)]

    def test_shows_a_program_what_it_acts_for(self, api: Api) -> None:
        brams = mandated(enlist("brams", API_CLIENT), BRAM)
        paid(ZOE)
        transfer = paid(BRAM)

        page = api.get(TRANSFERS, token=token_of(brams)).json()
        annas = api.get(f"{TRANSFERS}?account={ANNA}", token=token_of(brams)).json()

        assert [row["id"] for row in page["data"]] == [str(transfer.id)]
        assert annas == {"data": [], "next": None}

    @pytest.mark.parametrize(
        ("narrowed", "found"),
        [
            ("kind=outgoing", ["2"]),
            ("status=pending", ["2"]),
            (f"account={BRAM}", ["1"]),
            (f"account={ANNA}&status=completed&kind=internal", ["1"]),
            ("end_to_end_id=1", ["1"]),
            (f"account={ZOE}", ["2"]),
            ("end_to_end_id=none", []),
        ],
    )
    def test_can_be_narrowed(self, api: Api, tess: User, narrowed: str, found: list[str]) -> None:
        paid(BRAM, end_to_end_id="1")
        paid(ZOE, end_to_end_id="2")

        page = api.get(f"{TRANSFERS}?{narrowed}", token=token_of(tess)).json()

        assert [row["end_to_end_id"] for row in page["data"]] == found

    def test_knows_no_other_filter(self, api: Api, tess: User) -> None:
        assert code_of(api.get(f"{TRANSFERS}?colour=red", token=token_of(tess))) == (400, "request-invalid")

    @pytest.mark.parametrize(("path", "queries"), [("", 3), (f"?account={ANNA}", 4), ("/{id}", 4)])
    def test_costs_the_same_whatever_happened(self, api: Api, tess: User, path: str, queries: int, django_assert_num_queries: Any) -> None:
        token = token_of(tess)
        api.get(TRANSFERS, token=token)  # from now on the bank's public keys are remembered
        for _ in range(2):
            transfer = [paid(BRAM, "1.00") for _ in range(5)][-1]

            with django_assert_num_queries(queries):
                api.get(TRANSFERS + path.format(id=transfer.id), token=token)


@pytest.mark.money
class TestTakingBack:
    def test_a_cancel_is_asked_of_the_other_bank(self, api: Api, erp: User) -> None:
        transfer, token = paid(ZOE), token_of(erp)

        answer = api.post(f"{TRANSFERS}/{transfer.id}/cancel", {"reason": "wrong amount"}, token=token, key="k")
        shown = api.get(answer.json()["status_url"], token=token).json()

        assert (answer.status_code, answer.json()["status"]) == (202, "pending")
        assert [event["type"] for event in shown["events"]] == ["pending", "cancel-asked"]

    def test_what_stayed_cannot_be_cancelled(self, api: Api, erp: User) -> None:
        answer = api.post(f"{TRANSFERS}/{paid(BRAM).id}/cancel", {}, token=token_of(erp), key="k")

        assert code_of(answer) == (409, "not-pending")

    def test_a_reversal_waits_for_a_second_person(self, api: Api, tess: User) -> None:
        transfer = paid(BRAM)

        answer = api.post(f"{TRANSFERS}/{transfer.id}/reverse", {"reason": "typo"}, token=token_of(tess), key="k")

        assert (answer.status_code, answer.json()["kind"], answer.json()["status"]) == (202, "reversal", "awaiting-approval")
        assert held(BRAM) == 1_000

    def test_a_reversal_of_nothing_is_refused(self, api: Api) -> None:
        sam = employ("sam", SUPERVISOR)

        answer = api.post(f"{TRANSFERS}/{uuid4()}/reverse", {"reason": "typo"}, token=token_of(sam), key="k")

        assert code_of(answer) == (404, "transfer-unknown")
