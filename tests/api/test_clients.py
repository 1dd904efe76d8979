"""Programs over the API: let in, narrowed, limited, given mandates, and shut out."""

from typing import Any
from uuid import uuid4

import pytest

from access.models import AuditEvent, User
from access.roles import ADMINISTRATOR, SUPERVISOR, TELLER
from accounts.services import OpenedCustomer
from accounts.tests.people import open_anna
from tests.api.bank import Api, employ, token_of

CLIENTS = "/api/v1/clients"
ME = "/api/v1/me"


@pytest.fixture
def ada() -> str:
    """Return the administrator's token."""
    return token_of(employ("ada", ADMINISTRATOR))


@pytest.fixture
def anna() -> OpenedCustomer:
    return open_anna(employ("tess", TELLER))


def enlist(api: Api, token: str, **more: object) -> Any:
    return api.post(CLIENTS, {"username": "erp", "name": "Jansen's ERP"} | more, token=token, key="enlist")


def limit(currency: str, per_transfer_minor: int | None, per_day_minor: int | None) -> dict[str, object]:
    return {"currency": currency, "per_transfer_minor": per_transfer_minor, "per_day_minor": per_day_minor}


def come_in(api: Api, secret: str) -> str:
    """Return the access token the program gets for its secret, nothing where it gets none."""
    return str(api.sign_in("erp", secret).json().get("access_token", ""))


class TestANewProgram:
    def test_signs_in_with_a_secret_that_is_shown_once(self, api: Api, ada: str) -> None:
        made, repeated = enlist(api, ada), enlist(api, ada)

        assert (made.status_code, repeated.status_code) == (201, 201)
        assert repeated.json() == {"username": "erp", "secret": None, "approval_id": None}
        me = api.get(ME, token=come_in(api, made.json()["secret"])).json()
        assert (me["username"], me["roles"], me["acts_for_all"]) == ("erp", ["API client"], False)

    def test_may_what_its_scopes_leave_of_its_role(self, api: Api, ada: str) -> None:
        secret = enlist(api, ada, scopes=["accounts.view_account"]).json()["secret"]

        token = come_in(api, secret)

        assert api.get(ME, token=token).json()["permissions"] == ["accounts.view_account"]
        assert api.get("/api/v1/transfers", token=token).status_code == 403

    @pytest.mark.parametrize(
        ("given", "status", "code"),
        [
            ({"username": "Erp"}, 422, "client-name-invalid"),
            ({"username": "a/b"}, 422, "client-name-invalid"),
            ({"scopes": ["transfers.approve"]}, 422, "scope-unknown"),
            ({"username": "ada"}, 409, "client-name-taken"),
        ],
    )
    def test_is_refused_what_does_not_fit(self, api: Api, ada: str, given: dict[str, object], status: int, code: str) -> None:
        answer = enlist(api, ada, **given)

        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_is_listed_with_what_it_may(self, api: Api, ada: str) -> None:
        enlist(api, ada)

        [listed] = api.get(CLIENTS, token=ada).json()["data"]

        assert listed == api.get(f"{CLIENTS}/erp", token=ada).json()
        assert (listed["name"], listed["scopes"], listed["limits"], listed["is_active"]) == ("Jansen's ERP", None, [], True)
        assert api.get(f"{CLIENTS}/ada", token=ada).json()["code"] == "client-unknown"


class TestAChange:
    def test_counts_at_once_and_leaves_what_it_does_not_name(self, api: Api, ada: str) -> None:
        token = come_in(api, enlist(api, ada, requests_per_minute=70).json()["secret"])

        changed = api.ask("PATCH", f"{CLIENTS}/erp", {"scopes": [], "reason": "leaving"}, token=ada, key="c")

        assert (changed.status_code, changed.json()["scopes"], changed.json()["requests_per_minute"]) == (200, [], 70)
        assert api.get(ME, token=token).json()["permissions"] == []
        event = AuditEvent.objects.get(action="client.changed")
        assert (event.before, event.after, event.reason) == ({"scopes": None}, {"scopes": []}, "leaving")

    def test_shuts_out_at_once(self, api: Api, ada: str) -> None:
        secret = enlist(api, ada).json()["secret"]
        token = come_in(api, secret)

        api.ask("PATCH", f"{CLIENTS}/erp", {"is_active": False}, token=ada, key="c")

        assert api.get(ME, token=token).status_code == 401
        assert come_in(api, secret) == ""

    def test_of_the_secret_ends_what_the_old_one_opened(self, api: Api, ada: str) -> None:
        old = enlist(api, ada).json()["secret"]
        signed_in = api.sign_in("erp", old).json()

        new = api.post(f"{CLIENTS}/erp/secret", {"reason": "found in a log"}, token=ada, key="s").json()["secret"]

        assert api.get(ME, token=signed_in["access_token"]).status_code == 401
        assert api.post("/api/v1/auth/refresh", {"refresh_token": signed_in["refresh_token"]}).status_code == 401
        assert (come_in(api, old), bool(come_in(api, new))) == ("", True)
        assert AuditEvent.objects.filter(action="tokens.ended").count() == 1


class TestTheWholeBank:
    def approve(self, api: Api, asked: Any, token: str) -> Any:
        return api.post(f"/api/v1/approvals/{asked.json()['approval_id']}/approve", {"reason": "agreed"}, token=token, key=uuid4().hex)

    def test_is_given_by_a_second_administrator(self, api: Api, ada: str, anna: OpenedCustomer) -> None:
        bob, sam = token_of(employ("bob", ADMINISTRATOR)), token_of(employ("sam", SUPERVISOR))
        asked = enlist(api, ada, whole_bank=True)
        token, account = come_in(api, asked.json()["secret"]), f"/api/v1/accounts/{anna.checking}"

        refused = [self.approve(api, asked, alone).json()["code"] for alone in (ada, sam)]
        before = api.get(account, token=token)
        agreed = self.approve(api, asked, bob)

        assert refused == ["own-approval", "not-allowed"]
        assert (before.status_code, agreed.status_code, api.get(account, token=token).status_code) == (404, 200, 200)
        event = AuditEvent.objects.get(action="client.changed")
        assert (event.before, event.after, event.actor) == ({"whole_bank": False}, {"whole_bank": True}, User.objects.get(username="bob"))

    def test_is_asked_for_by_a_change_and_taken_away_at_once(self, api: Api, ada: str) -> None:
        bob = token_of(employ("bob", ADMINISTRATOR))
        enlist(api, ada)

        asked = api.ask("PATCH", f"{CLIENTS}/erp", {"whole_bank": True, "requests_per_minute": 70}, token=ada, key="1")
        self.approve(api, asked, bob)
        given = api.get(f"{CLIENTS}/erp", token=ada).json()
        taken = api.ask("PATCH", f"{CLIENTS}/erp", {"whole_bank": False}, token=ada, key="2")

        assert (asked.status_code, asked.json()["whole_bank"], asked.json()["requests_per_minute"]) == (202, False, 70)
        assert given["whole_bank"] is True
        assert (taken.status_code, taken.json()["whole_bank"], taken.json()["approval_id"]) == (200, False, None)

    def test_that_was_taken_away_is_not_given_by_an_older_question(self, api: Api, ada: str) -> None:
        bob = token_of(employ("bob", ADMINISTRATOR))
        asked = enlist(api, ada, whole_bank=True)

        api.ask("PATCH", f"{CLIENTS}/erp", {"whole_bank": False}, token=ada, key="1")

        assert self.approve(api, asked, bob).json()["code"] == "approval-not-waiting"
        assert api.get(f"{CLIENTS}/erp", token=ada).json()["whole_bank"] is False

    def test_can_be_refused(self, api: Api, ada: str) -> None:
        bob = token_of(employ("bob", ADMINISTRATOR))
        asked = enlist(api, ada, whole_bank=True)

        api.post(f"/api/v1/approvals/{asked.json()['approval_id']}/refuse", {"reason": "why?"}, token=bob, key="r")

        assert self.approve(api, asked, bob).json()["code"] == "approval-not-waiting"
        assert api.get(f"{CLIENTS}/erp", token=ada).json()["whole_bank"] is False

    def test_is_asked_for_again_where_one_person_knows_the_new_secret(self, api: Api, ada: str, anna: OpenedCustomer) -> None:
        bob, account = token_of(employ("bob", ADMINISTRATOR)), f"/api/v1/accounts/{anna.checking}"
        self.approve(api, enlist(api, ada, whole_bank=True), bob)

        renewed = api.post(f"{CLIENTS}/erp/secret", {"reason": "found in a log"}, token=ada, key="s")
        token = come_in(api, renewed.json()["secret"])
        before = api.get(account, token=token).status_code
        own, agreed = self.approve(api, renewed, ada), self.approve(api, renewed, bob)

        assert (own.json()["code"], agreed.status_code) == ("own-approval", 200)
        assert (before, api.get(account, token=token).status_code) == (404, 200)

    def test_is_not_agreed_to_by_who_renewed_the_secret_meanwhile(self, api: Api, ada: str) -> None:
        bob = token_of(employ("bob", ADMINISTRATOR))
        asked = enlist(api, ada, whole_bank=True)

        renewed = api.post(f"{CLIENTS}/erp/secret", {"reason": "found in a log"}, token=bob, key="s")

        assert [self.approve(api, each, bob).json()["code"] for each in (asked, renewed)] == ["approval-not-waiting", "own-approval"]
        assert self.approve(api, renewed, ada).status_code == 200

    def test_keeps_its_secret_where_nobody_else_could_agree(self, api: Api, ada: str) -> None:
        bob = token_of(employ("bob", ADMINISTRATOR))
        made = enlist(api, ada, whole_bank=True)
        self.approve(api, made, bob)
        User.objects.filter(username="bob").update(is_active=False)

        renewed = api.post(f"{CLIENTS}/erp/secret", {"reason": "found in a log"}, token=ada, key="s")

        assert (renewed.status_code, renewed.json()["code"]) == (409, "no-second-person")
        assert come_in(api, made.json()["secret"])


class TestLimits:
    def test_that_fell_meanwhile_are_not_raised_by_an_older_question(self, api: Api, ada: str) -> None:
        enlist(api, ada)
        sam = token_of(employ("sam", SUPERVISOR))
        tight, shut = [limit("EUR", 1_000, 5_000)], [limit("EUR", 0, 0)]
        api.post(f"{CLIENTS}/erp/limits", {"limits": tight}, token=ada, key="1")
        asked = api.post(f"{CLIENTS}/erp/limits", {"limits": []}, token=ada, key="2")
        api.post(f"{CLIENTS}/erp/limits", {"limits": shut, "reason": "misbehaves"}, token=sam, key="3")

        late = api.post(f"/api/v1/approvals/{asked.json()['approval_id']}/approve", {}, token=sam, key="4")

        assert (late.status_code, late.json()["code"]) == (409, "approval-outdated")
        assert api.get(f"{CLIENTS}/erp", token=ada).json()["limits"] == shut

    def test_are_set_as_a_whole_with_evidence(self, api: Api, ada: str) -> None:
        enlist(api, ada)
        sam = token_of(employ("sam", SUPERVISOR))
        first = [{"currency": "EUR", "per_day_minor": 5_000}]
        second = [limit("EUR", 1_000, 5_000), limit("USD", 1, 1)]
        api.post(f"{CLIENTS}/erp/limits", {"limits": first}, token=ada, key="1")

        answer = api.post(f"{CLIENTS}/erp/limits", {"limits": second, "reason": "agreed"}, token=sam, key="2")

        assert (answer.status_code, answer.json()["limits"]) == (200, second)
        event = AuditEvent.objects.filter(action="client.limited").latest("id")
        assert (event.before, event.reason) == ({"limits": {"EUR": {"per_day_minor": 5_000}}}, "agreed")
        erp = User.objects.get(username="erp")
        assert erp.order_limits.keys() == {"EUR", "USD"}

    @pytest.mark.parametrize("more", [[], [limit("EUR", None, 5_000)], [limit("EUR", 1_000, 5_001)], [limit("USD", 0, 0)]])
    def test_rise_when_a_second_person_agrees(self, api: Api, ada: str, more: list[dict[str, object]]) -> None:
        enlist(api, ada)
        sam, tight = token_of(employ("sam", SUPERVISOR)), [limit("EUR", 1_000, 5_000)]
        api.post(f"{CLIENTS}/erp/limits", {"limits": tight}, token=ada, key="1")

        asked = api.post(f"{CLIENTS}/erp/limits", {"limits": more, "reason": "grows"}, token=ada, key="2")
        address = f"/api/v1/approvals/{asked.json()['approval_id']}/approve"
        own = api.post(address, {}, token=ada, key="3")
        before = api.get(f"{CLIENTS}/erp", token=ada).json()["limits"]
        agreed = api.post(address, {}, token=sam, key="4")

        assert (asked.status_code, own.json()["code"], agreed.status_code) == (202, "own-approval", 200)
        assert (before, api.get(f"{CLIENTS}/erp", token=ada).json()["limits"]) == (tight, more)

    @pytest.mark.parametrize("limits", [[{"currency": "GBP"}], [{"currency": "EUR"}, {"currency": "EUR"}]])
    def test_name_each_currency_of_the_bank_once(self, api: Api, ada: str, limits: list[dict[str, str]]) -> None:
        enlist(api, ada)

        answer = api.post(f"{CLIENTS}/erp/limits", {"limits": limits}, token=ada, key="1")

        assert (answer.status_code, answer.json()["code"]) == (422, "client-limit-invalid")


class TestAMandate:
    def test_shows_a_customer_until_it_is_revoked(self, api: Api, ada: str, anna: OpenedCustomer) -> None:
        token = come_in(api, enlist(api, ada).json()["secret"])
        address, account = f"{CLIENTS}/erp/mandates", f"/api/v1/accounts/{anna.checking}"
        before = api.get(account, token=token)

        granted = api.post(address, {"customer_id": str(anna.id)}, token=ada, key="g")
        listed, during = api.get(address, token=ada), api.get(account, token=token)
        revoked = api.post(f"{address}/{anna.id}/revoke", {"reason": "left"}, token=ada, key="r")
        after = api.get(account, token=token)

        assert [answer.status_code for answer in (before, granted, during, revoked, after)] == [404, 200, 200, 200, 404]
        assert [row["customer_id"] for row in listed.json()["data"]] == [str(anna.id)]
        assert api.get(address, token=ada).json()["data"] == []
        assert list(AuditEvent.objects.filter(action__startswith="mandate").order_by("id").values_list("action", "reason")) == [
            ("mandate.granted", ""),
            ("mandate.revoked", "left"),
        ]

    def test_is_for_programs_alone(self, api: Api, ada: str, anna: OpenedCustomer) -> None:
        answer = api.post(f"{CLIENTS}/tess/mandates", {"customer_id": str(anna.id)}, token=ada, key="g")

        assert (answer.status_code, answer.json()["code"]) == (404, "client-unknown")


class TestACreditLimit:
    def test_rises_with_a_second_person_and_falls_at_once(self, api: Api, anna: OpenedCustomer) -> None:
        sam, sue = token_of(employ("sam", SUPERVISOR)), token_of(employ("sue", SUPERVISOR))
        address = f"/api/v1/accounts/{anna.checking}/credit-limit"

        asked = api.post(address, {"credit_limit_minor": 5_000, "reason": "salary"}, token=sam, key="1")
        approval = asked.json()["approval_id"]
        own = api.post(f"/api/v1/approvals/{approval}/approve", {}, token=sam, key="2")
        approved = api.post(f"/api/v1/approvals/{approval}/approve", {}, token=sue, key="3")
        raised = api.get(f"/api/v1/accounts/{anna.checking}", token=sam).json()
        lowered = api.post(address, {"credit_limit_minor": 0, "reason": "moved"}, token=sam, key="4")

        assert (asked.status_code, asked.json()["account"]["credit_limit"]["amount_minor"]) == (202, 0)
        assert (own.status_code, approved.status_code) == (403, 200)
        assert raised["available"]["amount_minor"] == 5_000
        assert (lowered.status_code, lowered.json()["approval_id"]) == (200, None)
        assert lowered.json()["account"]["credit_limit"]["amount_minor"] == 0
