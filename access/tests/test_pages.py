"""What every page does for all: letting in who may, doing once what is sent twice, and showing refusals where they belong."""

from collections.abc import Mapping
from typing import Any

import pytest
from django import forms
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from access.errors import DomainError, ReasonMissing
from access.models import AuditEvent, User
from access.pages import BankForm, DeedPage, StaffPage
from access.tests.people import NOON, employ
from banksite.urls import urlpatterns as site

VIEW_AUDIT = "access.view_auditevent"
pytestmark = pytest.mark.urls(__name__)


class BellForm(BankForm):
    places = {"reason-missing": "why"}
    tune = forms.CharField()
    why = forms.CharField(required=False)


class RingBell(DeedPage):
    """Writes down each ringing; wants a reason, and cannot play jazz."""

    needs = VIEW_AUDIT
    template_name = "parts/deed.html"
    form_class = BellForm

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        AuditEvent.objects.create(at=NOON, action="bell.rung", subject=form.cleaned_data["tune"])
        if form.cleaned_data["tune"] == "jazz":
            raise DomainError
        if not form.cleaned_data["why"]:
            raise ReasonMissing
        return {"tune": form.cleaned_data["tune"]}

    def told(self, body: Mapping[str, Any]) -> str:
        return f"Rang {body['tune']}."

    def leads_to(self, body: Mapping[str, Any]) -> str:
        return f"/rung/{body['tune']}"


class Strict(StaffPage):
    def get(self, *args: object, **kwargs: object) -> HttpResponse:
        raise ReasonMissing


urlpatterns = [path("bell", RingBell.as_view()), path("strict", Strict.as_view()), *site]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="access.backends.RoleBackend")
    return client


@pytest.fixture
def ringer(db: None) -> Client:
    return signed_in(employ("rosa", VIEW_AUDIT))


def rung() -> int:
    return AuditEvent.objects.filter(action="bell.rung").count()


class TestAPage:
    def test_leads_strangers_to_the_sign_in_and_back(self, client: Client, db: None) -> None:
        answer = client.get("/bell?loud=1")

        assert answer["Location"] == "/sign-in?next=/bell%3Floud%3D1"

    def test_is_for_those_who_hold_its_permission(self, db: None) -> None:
        answer = signed_in(employ("otto")).get("/bell")

        assert answer.status_code == 403
        assert "You may not do this." in answer.content.decode()

    def test_is_for_staff_whatever_a_program_may_do(self, db: None) -> None:
        program = employ("robot", VIEW_AUDIT)
        User.objects.filter(pk=program.pk).update(is_staff=False)

        assert signed_in(program).get("/bell").status_code == 403

    def test_is_kept_by_no_browser(self, ringer: Client) -> None:
        assert "no-store" in ringer.get("/bell")["Cache-Control"]

    def test_shows_a_refusal_that_no_form_took(self, ringer: Client) -> None:
        answer = ringer.get("/strict")

        assert answer.status_code == 422
        assert "A reason is needed." in answer.content.decode()
        assert "/problems/reason-missing" in answer.content.decode()


class TestADeed:
    def test_is_done_once_however_often_it_is_sent(self, ringer: Client) -> None:
        sent = {"key": "k1", "tune": "march", "why": "noon"}

        answers = [ringer.post("/bell", sent) for _ in range(3)]

        assert [answer["Location"] for answer in answers] == ["/rung/march"] * 3
        assert rung() == 1

    def test_of_two_persons_are_two(self, ringer: Client) -> None:
        sent = {"key": "k1", "tune": "march", "why": "noon"}

        ringer.post("/bell", sent)
        signed_in(employ("otto", VIEW_AUDIT)).post("/bell", sent)

        assert rung() == 2

    def test_needs_the_key_of_its_form(self, ringer: Client) -> None:
        assert ringer.post("/bell", {"tune": "march", "why": "noon"}).status_code == 400
        assert rung() == 0

    def test_shows_its_refusal_at_the_field_and_leaves_nothing(self, ringer: Client) -> None:
        page = ringer.post("/bell", {"key": "k1", "tune": "march"})

        assert page.context["form"].errors == {"why": ["A reason is needed. Say in a few words why; it is kept in the audit trail."]}
        assert '<a href="#id_why">A reason is needed.' in page.content.decode()
        assert rung() == 0

    def test_shows_other_refusals_above_the_form(self, ringer: Client) -> None:
        page = ringer.post("/bell", {"key": "k1", "tune": "jazz", "why": "party"})

        assert page.context["form"].non_field_errors() == ["The order was refused."]

    def test_gets_a_new_key_after_a_refusal_so_that_it_is_judged_anew(self, ringer: Client) -> None:
        refused = ringer.post("/bell", {"key": "k1", "tune": "march"})
        again = ringer.post("/bell", {"key": refused.context["key"], "tune": "march", "why": "noon"})

        assert refused.context["key"] != "k1"
        assert again["Location"] == "/rung/march"

    def test_keeps_its_key_while_the_form_itself_is_wrong(self, ringer: Client) -> None:
        assert ringer.post("/bell", {"key": "k1", "tune": "", "why": "noon"}).context["key"] == "k1"

    def test_says_so_when_a_form_comes_back_with_other_content(self, ringer: Client) -> None:
        ringer.post("/bell", {"key": "k1", "tune": "march", "why": "noon"})

        page = ringer.post("/bell", {"key": "k1", "tune": "waltz", "why": "noon"})

        assert "sent before with other content" in page.content.decode()
        assert rung() == 1

    def test_is_refused_in_the_language_of_the_page(self, ringer: Client) -> None:
        page = ringer.post("/bell", {"key": "k1", "tune": "", "why": "x"}, headers={"Accept-Language": "nl"})

        assert "Er is een probleem" in page.content.decode()
