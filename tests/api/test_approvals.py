"""A second person over the API: what waits, saying yes once, saying no with a reason; and what an idempotency key does."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from access.models import Approval, IdempotencyKey, User
from access.roles import AUDITOR, SUPERVISOR, TELLER
from access.site import acting_as, this_bank
from access.tests.people import at_once
from accounts.services import ask_unfreeze, freeze_account, set_credit_limit
from banksite.approvals import _DEEDS
from messaging.models import DeadLetter
from messaging.services import discard_dead_letter
from tests.api.bank import Api, employ, token_of
from transfers.models import Transfer
from transfers.orders import Deposit, Withdrawal
from transfers.services import submit
from transfers.tests.people import ANNA, NOON, SITE, balance, euros, furnish, held

APPROVALS = "/api/v1/approvals"
MUCH = "20000.00"


@pytest.fixture(autouse=True)
def anna(open_bank: None) -> Iterator[None]:
    """Be Bank A as the tests of transfers know it: Anna has 100 euros."""
    with acting_as(replace(SITE, token_key_file=this_bank().token_key_file)):
        furnish()
        yield


@pytest.fixture
def tess() -> User:
    return employ("tess", TELLER)


@pytest.fixture
def sam() -> User:
    return employ("sam", SUPERVISOR)


def waiting_deposit(by: User) -> UUID:
    submit(orders=[Deposit(account=ANNA, amount=euros(MUCH))], by=by, now=timezone.now())
    return Approval.objects.get().id


class TestWhatWaits:
    def test_is_listed_oldest_first_page_by_page(self, api: Api, tess: User, sam: User) -> None:
        orders = [Deposit(account=ANNA, amount=euros(MUCH)) for _ in range(5)]
        submit(orders=orders, by=tess, now=timezone.now())
        token, seen, cursor = token_of(sam), [], ""

        for _ in range(3):
            page = api.get(f"{APPROVALS}?limit=2{cursor}", token=token).json()
            seen += [row["id"] for row in page["data"]]
            cursor = f"&cursor={page['next']}"

        assert page["next"] is None
        assert seen == [str(each) for each in Approval.objects.order_by("id").values_list("id", flat=True)]
        assert page["data"][0]["facts"]["amount_minor"] == 2_000_000
        assert page["data"][0]["asked_by"] == "tess"

    def test_costs_the_same_whatever_waits(self, api: Api, tess: User, sam: User, django_assert_num_queries: Any) -> None:
        token = token_of(sam)
        api.get(APPROVALS, token=token)  # from now on the bank's public keys are remembered
        for _ in range(2):
            submit(orders=[Deposit(account=ANNA, amount=euros(MUCH)) for _ in range(5)], by=tess, now=timezone.now())

            with django_assert_num_queries(3):
                api.get(APPROVALS, token=token)


@pytest.mark.money
class TestAgreeing:
    def test_does_the_deed(self, api: Api, tess: User, sam: User) -> None:
        question = waiting_deposit(tess)

        answer = api.post(f"{APPROVALS}/{question}/approve", token=token_of(sam), key="k")

        assert (answer.status_code, answer.json()) == (200, {"id": str(question), "status": "approved", "refusal": None})
        assert balance(ANNA) == 10_000 + 2_000_000

    def test_is_done_once_however_often_it_is_sent(self, api: Api, tess: User, sam: User) -> None:
        question, token = waiting_deposit(tess), token_of(sam)

        answers = [api.post(f"{APPROVALS}/{question}/approve", token=token, key="k") for _ in range(3)]

        assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
        assert [answer.get("Idempotent-Replayed") for answer in answers] == [None, "true", "true"]
        assert balance(ANNA) == 10_000 + 2_000_000

    def test_to_what_has_become_impossible_says_so_and_stands(self, api: Api, tess: User, sam: User) -> None:
        submit(
            orders=[Deposit(account=ANNA, amount=euros("9999.00")), Deposit(account=ANNA, amount=euros("9999.00"))],
            by=tess,
            now=timezone.now(),
        )
        submit(orders=[Withdrawal(account=ANNA, amount=euros("15000.00"))], by=tess, now=timezone.now())
        freeze_account(number=ANNA, reason="lost card", by=sam, now=timezone.now())

        answer = api.post(f"{APPROVALS}/{Approval.objects.get().id}/approve", token=token_of(sam), key="k")

        assert (answer.status_code, answer.json()["refusal"]["code"]) == (200, "account-frozen")
        assert Transfer.objects.get(kind="withdrawal").status == "refused"
        assert held(ANNA) == 0

    def test_is_not_for_who_asked(self, api: Api) -> None:
        boss = employ("boss", TELLER, SUPERVISOR)
        question = waiting_deposit(boss)

        answers = [api.post(f"{APPROVALS}/{question}/approve", token=token_of(boss), key="k") for _ in range(2)]

        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "own-approval")] * 2
        assert answers[0].content == answers[1].content, "a refusal is kept too"
        assert balance(ANNA) == 10_000

    def test_rehearsed_changes_nothing_and_takes_no_key(self, api: Api, tess: User, sam: User) -> None:
        question = waiting_deposit(tess)

        answer = api.post(f"{APPROVALS}/{question}/approve?dry_run=true", token=token_of(sam))

        assert (answer.status_code, answer.json()["status"], answer["Dry-Run"]) == (200, "approved", "true")
        assert balance(ANNA) == 10_000
        assert Approval.objects.get().status == "waiting"
        assert not IdempotencyKey.objects.exists()

    def test_to_what_does_not_exist_finds_nothing(self, api: Api, sam: User) -> None:
        answer = api.post(f"{APPROVALS}/{uuid4()}/approve", token=token_of(sam), key="k")

        assert (answer.status_code, answer.json()["code"]) == (404, "approval-unknown")

    @pytest.mark.django_db(transaction=True)
    def test_in_a_crowd_with_one_key_is_done_once_and_answered_alike(self, tess: User, sam: User) -> None:
        question, token, site = waiting_deposit(tess), token_of(sam), this_bank()

        def agree() -> tuple[int, bytes]:
            with acting_as(site):
                answer = Api().post(f"{APPROVALS}/{question}/approve", token=token, key="k")
            return answer.status_code, answer.content

        answers = at_once([agree] * 12)

        assert len(set(answers)) == 1
        assert answers[0][0] == 200
        assert balance(ANNA) == 10_000 + 2_000_000


class TestAKey:
    def test_is_needed(self, api: Api, sam: User) -> None:
        for key in ("", "x" * 256, "é", "a\tb"):
            answer = api.post(f"{APPROVALS}/{uuid4()}/approve", token=token_of(sam), key=key)

            assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing"), key

    def test_stands_for_one_request(self, api: Api, tess: User, sam: User) -> None:
        question, token = waiting_deposit(tess), token_of(sam)
        api.post(f"{APPROVALS}/{question}/refuse", {"reason": "no"}, token=token, key="k")

        others = [
            api.post(f"{APPROVALS}/{question}/refuse", {"reason": "never"}, token=token, key="k"),
            api.post(f"{APPROVALS}/{question}/approve", {"reason": "no"}, token=token, key="k"),
        ]

        assert [(answer.status_code, answer.json()["code"]) for answer in others] == [(422, "key-reused")] * 2

    def test_is_each_users_own(self, api: Api, tess: User, sam: User) -> None:
        question = waiting_deposit(tess)
        api.post(f"{APPROVALS}/{question}/approve", token=token_of(sam), key="k")

        other = api.post(f"{APPROVALS}/{question}/approve", token=token_of(employ("dora", SUPERVISOR)), key="k")

        assert (other.status_code, other.json()["code"]) == (409, "approval-not-waiting")

    def test_is_not_spent_on_what_cannot_be_read(self, api: Api, tess: User, sam: User) -> None:
        question, token = waiting_deposit(tess), token_of(sam)
        unread = api.post(f"{APPROVALS}/{question}/approve", {"raeson": "typo"}, token=token, key="k")

        assert unread.status_code == 400
        assert api.post(f"{APPROVALS}/{question}/approve", token=token, key="k").status_code == 200


class TestRefusing:
    def test_frees_what_was_held(self, api: Api, tess: User, sam: User) -> None:
        question = waiting_deposit(tess)

        answer = api.post(f"{APPROVALS}/{question}/refuse", {"reason": "no papers"}, token=token_of(sam), key="k")

        assert (answer.status_code, answer.json()["status"]) == (200, "refused")
        assert Approval.objects.get().decision_reason == "no papers"
        assert Transfer.objects.get(kind="deposit", amount_minor=2_000_000).status == "refused"

    def test_needs_a_reason(self, api: Api, tess: User, sam: User) -> None:
        answer = api.post(f"{APPROVALS}/{waiting_deposit(tess)}/refuse", token=token_of(sam), key="k")

        assert (answer.status_code, answer.json()["code"]) == (422, "reason-missing")


class TestEveryKindOfQuestion:
    def unfreeze(self, by: User) -> None:
        freeze_account(number=ANNA, reason="lost card", by=by, now=timezone.now())
        ask_unfreeze(number=ANNA, reason="found it", by=by, now=timezone.now())

    def limit(self, by: User) -> None:
        set_credit_limit(number=ANNA, limit_minor=5_000, reason="good customer", by=by, now=timezone.now())

    def letter(self, by: User) -> None:
        letter = DeadLetter.objects.create(
            digest=b"1" * 32, value=b"x", topic="t", partition=0, offset=1, sender="BNKB", reason="unreadable", first_at=NOON, last_at=NOON
        )
        discard_dead_letter(letter_id=letter.pk, by=by, reason="noise", now=timezone.now())

    @pytest.mark.parametrize("word", ["approve", "refuse"])
    @pytest.mark.parametrize("ask", [unfreeze, limit, letter], ids=lambda ask: ask.__name__)
    def test_is_decided_by_another(self, api: Api, sam: User, ask: Callable[[Any, User], None], word: str) -> None:
        ask(self, sam)
        question = Approval.objects.get().id

        answer = api.post(f"{APPROVALS}/{question}/{word}", {"reason": "agreed"}, token=token_of(employ("dora", SUPERVISOR)), key="k")

        assert answer.status_code == 200, answer.content
        assert Approval.objects.get().status == ("approved" if word == "approve" else "refused")

    def test_is_in_the_table(self) -> None:
        assert {"account.unfreeze", "account.raise-limit", "closed-bank.refund", "recovery.end", "dead-letter.discard"} <= _DEEDS.keys()

    def test_is_not_for_who_only_looks(self, api: Api, tess: User) -> None:
        question = waiting_deposit(tess)

        answer = api.post(f"{APPROVALS}/{question}/approve", token=token_of(employ("aud", AUDITOR)), key="k")

        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")


class TestTheBanks:
    def test_are_those_of_the_directory(self, api: Api, tess: User) -> None:
        token = token_of(tess)
        first = api.get("/api/v1/banks?limit=1", token=token).json()
        rest = api.get(f"/api/v1/banks?cursor={first['next']}", token=token).json()

        assert first["data"] == [{"code": "BNKB", "name": "Bank B", "status": "active"}]
        assert ([row["code"] for row in rest["data"]], rest["next"]) == (["BNKC"], None)
