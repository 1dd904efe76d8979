"""What each deed of the desk does: by whom, what comes of it, what is left in the trail."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from access import tokens
from access.errors import TokenRefused
from access.models import ApiClient, Approval, AuditEvent, OrderLimit
from access.roles import API_CLIENT, ROLES
from access.services import GIVE_WHOLE_BANK
from accounts.models import Mandate
from messaging import signing
from messaging.models import Peer, Recovery
from tests.desk.bank import browser, customer_account, user
from tests.desk.others import PROGRAM
from tests.desk.test_register import WHY, do
from transfers.models import Break, Transfer
from webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.usefixtures("bank")


@pytest.fixture
def program() -> ApiClient:
    return ApiClient.objects.get(user__username=PROGRAM)


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint.objects.get()


def reason_of(action: str) -> str:
    """Return why the newest deed of this kind was done."""
    return AuditEvent.objects.filter(action=action).order_by("-id")[0].reason


class TestAProgram:
    path = "/admin/access/apiclient"

    def test_is_let_in_with_a_secret_shown_once(self) -> None:
        told = do(browser("admin"), f"{self.path}/enlist", username="payroll", name="Payroll", scopes="transfers.pay", whole_bank="on")

        made = ApiClient.objects.get(user__username="payroll")
        assert "Secret" in told
        assert (made.scopes, made.whole_bank, made.requests_per_minute) == (["transfers.pay"], False, None)
        assert Approval.objects.get(action=GIVE_WHOLE_BANK).facts == {"client": "payroll"}
        assert reason_of("client.enlisted") == WHY["reason"]

    def test_may_exactly_what_is_marked(self, program: ApiClient) -> None:
        do(browser("admin"), f"{self.path}/{program.pk}/change-reach", scopes="transfers.pay", requests_per_minute="30")

        program.refresh_from_db()
        assert (program.scopes, program.whole_bank, program.requests_per_minute) == (["transfers.pay"], False, 30)
        assert "transfers.pay" in ROLES[API_CLIENT]

    def test_keeps_what_a_second_person_is_asked_while_something_else_is_changed(self) -> None:
        do(browser("admin"), f"{self.path}/enlist", username="payroll", name="Payroll", whole_bank="on")
        made = ApiClient.objects.get(user__username="payroll")

        do(browser("admin"), f"{self.path}/{made.pk}/change-reach", requests_per_minute="30")

        assert ApiClient.objects.get(pk=made.pk).requests_per_minute == 30
        assert Approval.objects.get(action=GIVE_WHOLE_BANK).status == "waiting"

    def test_is_limited_in_one_currency_and_keeps_the_others_until_two_persons_lift_them(self, program: ApiClient) -> None:
        client, path = browser("supervisor"), f"{self.path}/{program.pk}/limit"
        euros, dollars = OrderLimit(per_transfer_minor=100_000, per_day_minor=250_000), OrderLimit(per_day_minor=1_000)
        do(client, path, currency="USD", per_day="10")
        do(client, path, currency="EUR", per_transfer="1000.00", per_day="2500")
        told = do(client, path, currency="USD")
        waiting = Approval.objects.get(action="client.raise-limits", status="waiting")

        before = ApiClient.objects.get(pk=program.pk).user.order_limits
        do(browser("admin"), f"/admin/access/approval/{waiting.pk}/approve")
        after = ApiClient.objects.get(pk=program.pk).user.order_limits

        assert "A second person was asked." in told
        assert (before, after) == ({"EUR": euros, "USD": dollars}, {"EUR": euros})
        assert reason_of("client.limited") == WHY["reason"]

    def test_acts_for_a_customer_until_the_mandate_is_taken_back(self, program: ApiClient) -> None:
        client, number = browser("admin"), customer_account().number
        do(client, f"{self.path}/{program.pk}/grant", account=f"{number[:4]} {number[4:]}")
        mandate = Mandate.objects.get(user=program.user, customer__accounts__number=number)
        assert reason_of("mandate.granted") == WHY["reason"]

        do(client, f"/admin/accounts/mandate/{mandate.pk}/revoke")

        assert not Mandate.objects.filter(pk=mandate.pk).exists()
        assert reason_of("mandate.revoked") == WHY["reason"]

    def test_acts_for_nobody_by_an_account_that_is_none(self, program: ApiClient) -> None:
        shown = do(browser("admin"), f"{self.path}/{program.pk}/grant", account="NL00BNKA0000000000")

        assert "No customer has this account." in shown
        assert Mandate.objects.filter(user=program.user).count() == 1

    def test_is_signed_out(self, program: ApiClient, tmp_path: Path, settings: Any) -> None:
        signing.create_key_file(file=tmp_path / "tokens.pem")
        settings.SITE = settings.SITE | {"token_key_file": tmp_path / "tokens.pem"}
        held = tokens.issue(user=program.user, now=timezone.now())

        do(browser("admin"), f"{self.path}/{program.pk}/sign-out")

        with pytest.raises(TokenRefused):
            tokens.refresh(token=held.refresh, now=timezone.now())


class TestAPerson:
    def test_is_signed_out_of_every_browser_and_can_sign_in_again(self) -> None:
        teller = browser("teller")
        assert teller.get("/admin/").status_code == 200

        do(browser("admin"), f"/admin/access/user/{user('teller').pk}/sign-out")

        assert teller.get("/admin/").status_code == 302
        assert browser("teller").get("/admin/").status_code == 200
        assert reason_of("user.signed-out") == WHY["reason"]


class TestAWebhook:
    path = "/admin/webhooks/endpoint"

    def test_is_paused_and_resumed(self, endpoint: Endpoint) -> None:
        client = browser("admin")

        do(client, f"{self.path}/{endpoint.pk}/pause")
        endpoint.refresh_from_db()
        assert (endpoint.disabled_at is None, endpoint.disabled_why) == (False, WHY["reason"])
        do(client, f"{self.path}/{endpoint.pk}/resume")

        endpoint.refresh_from_db()
        assert endpoint.disabled_at is None
        assert reason_of("webhook.enabled") == WHY["reason"]

    def test_is_sent_a_delivery_again(self, endpoint: Endpoint) -> None:
        id_ = Delivery.objects.get(endpoint=endpoint).pk
        Delivery.objects.filter(id=id_).update(status="failed", finished_at=timezone.now())

        do(browser("admin"), f"/admin/webhooks/delivery/{id_}/send-again")

        assert Delivery.objects.get(id=id_).status == "pending"
        assert reason_of("webhook.sent-again") == WHY["reason"]


class TestABankThatClosed:
    def test_is_refunded_by_two_persons(self) -> None:
        Peer.objects.filter(code="BNKB").update(status="closed")
        pending = Transfer.objects.get(status="pending")

        do(browser("supervisor"), "/admin/transfers/transfer/refund", bank="BNKB")
        assert Transfer.objects.get(id=pending.id).status == "pending"
        _decide(browser("deputy"), "closed-bank.refund")

        assert (Transfer.objects.get(id=pending.id).status, Transfer.objects.get(id=pending.id).reason) == ("rejected", "bank-closed")

    def test_is_no_bank_that_is_active(self) -> None:
        assert "Select a valid choice" in do(browser("supervisor"), "/admin/transfers/transfer/refund", bank="BNKB")


class TestABreak:
    def test_is_explained_and_repaired_by_two_persons(self) -> None:
        number, difference = customer_account().number, Break.objects.get()
        client = browser("supervisor")
        page = f"/admin/transfers/break/{difference.pk}"
        assert "booked a payment a second time" in client.get(f"{page}/change/").content.decode()

        do(client, f"{page}/put-right")
        difference.refresh_from_db()
        assert difference.repair is not None
        assert difference.repair.status == "awaiting-approval"
        before = customer_account().balance_minor
        _decide(browser("deputy"), "adjustment")

        difference.repair.refresh_from_db()
        assert difference.repair.status == "completed"
        assert before - customer_account().balance_minor == 700
        assert difference.repair.debtor_number == number


class TestARecovery:
    def test_ends_by_two_persons_and_not_before_the_lists_are_there(self) -> None:
        recovery = Recovery.objects.create(detail="the broker is ahead", cluster_id="c", committed={}, since=timezone.now())
        first, second, path = browser("supervisor"), browser("deputy"), f"/admin/messaging/recovery/{recovery.pk}"
        assert "BNKB" in do(first, f"{path}/end")

        do(first, f"{path}/end", without_lists="on")
        assert "somebody else must decide" in do(first, f"{path}/end", without_lists="on")
        recovery.refresh_from_db()
        assert recovery.ended_at is None
        do(second, f"{path}/end", without_lists="on")

        recovery.refresh_from_db()
        assert recovery.ended_at is not None


class TestTheHistoryOfSettings:
    def test_says_who_changed_what_when_and_why(self, program: ApiClient) -> None:
        do(browser("admin"), f"/admin/access/apiclient/{program.pk}/change-reach", requests_per_minute="30")

        page = browser("auditor").get("/admin/access/auditevent/?about=settings")
        newest = page.context["cl"].result_list[0]
        assert (newest.action, newest.actor.get_username(), newest.reason) == ("client.changed", "admin", WHY["reason"])
        assert "requests per minute: none → 30" in page.content.decode()
        assert "customer.opened" not in page.content.decode()


def _decide(client: Client, action: str) -> None:
    """Approve the question of this kind that waits last."""
    approval = Approval.objects.filter(status="waiting", action__contains=action).order_by("-id")[0]
    assert "Approved" in do(client, f"/admin/access/approval/{approval.pk}/approve")
