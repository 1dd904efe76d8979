"""What a visitor meets: signing in, the first page, the lists, and what machines ask."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from axes.utils import reset
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.utils import timezone

from access.models import Approval, AuditEvent, User
from access.roles import AUDITOR, SUPERVISOR, TELLER
from access.services import open_access
from access.tests.people import NOON
from transfers.models import Transfer

PASSWORD = "a long enough password"


@pytest.fixture
def staff(db: None) -> Iterator[User]:
    open_access()
    user = User.objects.create_user(username="ada", first_name="Ada", last_name="Lind", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=AUDITOR))
    yield user
    reset()


@pytest.fixture
def desk(staff: User) -> Client:
    client = Client()
    client.force_login(staff, backend="access.backends.RoleBackend")
    return client


class TestSigningIn:
    def test_is_asked_of_strangers(self, client: Client, db: None) -> None:
        answer = client.get("/")

        assert (answer.status_code, answer["Location"]) == (302, "/sign-in?next=/")

    def test_leads_to_the_first_page(self, client: Client, staff: User) -> None:
        answer = client.post("/sign-in", {"username": "ada", "password": PASSWORD}, follow=True)

        assert answer.redirect_chain == [("/", 302)]
        assert "Ada Lind" in answer.content.decode()
        assert "Auditor" in answer.content.decode()

    def test_says_what_is_wrong_without_saying_which(self, client: Client, staff: User) -> None:
        answer = client.post("/sign-in", {"username": "ada", "password": "wrong"})

        assert answer.status_code == 200
        assert "The user name or the password is not right." in answer.content.decode()

    def test_closes_after_too_many_attempts(self, client: Client, staff: User) -> None:
        for _ in range(4):
            client.post("/sign-in", {"username": "ada", "password": "wrong"})

        answers = [client.post("/sign-in", {"username": "ada", "password": word}) for word in ("wrong", PASSWORD)]

        assert [answer.status_code for answer in answers] == [429, 429]

    def test_is_closed_for_the_disabled(self, client: Client, staff: User) -> None:
        User.objects.filter(pk=staff.pk).update(is_active=False)

        answer = client.post("/sign-in", {"username": "ada", "password": PASSWORD})

        assert "not right" in answer.content.decode()

    def test_has_one_door(self, client: Client, db: None) -> None:
        answer = client.get("/admin/login/?next=/admin/")

        assert (answer.status_code, answer["Location"]) == (302, "/sign-in?next=/admin/")

    def test_ends_by_a_button_not_by_a_link(self, desk: Client) -> None:
        by_link, by_button = desk.get("/sign-out"), desk.post("/sign-out")

        assert (by_link.status_code, by_button.status_code) == (405, 302)
        assert desk.get("/").status_code == 302


class TestTheFirstPage:
    def test_shows_life(self, desk: Client) -> None:
        page = desk.get("/").content.decode()

        for label in ("Today at Bank A", "Latest transfers", "Transfers today, by hour", "The works", "Dead-letters"):
            assert label in page

    def test_shows_tellers_their_own_work_and_not_the_works(self, desk: Client, staff: User) -> None:
        staff.groups.set([Group.objects.get(name=TELLER)])
        colleague = User.objects.create_user(username="cor", is_staff=True)
        for by, number in ((staff, "MINE"), (colleague, "THEIRS")):
            Transfer.objects.create(
                kind="deposit",
                status="completed",
                amount_minor=1250,
                currency="EUR",
                debtor_number="CASH.EUR",
                creditor_number=number,
                origin_bank="BNKA",
                origin_id=uuid4(),
                asked_by=by,
                created_at=timezone.now(),
            )

        page = desk.get("/").content.decode()

        assert "MINE" in page
        assert "THEIRS" not in page
        assert "The works" not in page

    def test_draws_the_day_with_its_numbers_beside_it(self, desk: Client) -> None:
        for place in range(3):
            Transfer.objects.create(
                kind="incoming", status="rejected", amount_minor=1, currency="EUR", origin_bank="BNKB", origin_id=uuid4(), created_at=NOON
            )
            assert desk.get("/").context["desk"].total == place + 1

        page = desk.get("/").content.decode()

        assert page.count('<rect class="chart__bar"') in {1, 2}  # an hour may begin meanwhile
        assert 'height="100"' in page
        assert re.search(r'<th scope="row">\d+:00</th><td class="number">[123]</td>', page)

    def test_shows_what_waits_for_a_second_person_apart_from_what_one_asked_for(self, desk: Client, staff: User) -> None:
        staff.groups.set([Group.objects.get(name=SUPERVISOR)])
        colleague = User.objects.create_user(username="cor", is_staff=True)
        for by, subject in ((staff, "my-question"), (colleague, "their-question")):
            Approval.objects.create(action="account.unfreeze", subject=subject, asked_by=by, asked_at=NOON)

        shown = desk.get("/").context["desk"]

        assert [question.subject for question in shown.waiting] == ["their-question"]
        assert [question.subject for question in shown.asked] == ["my-question"]

    def test_lets_nobody_decide_what_they_asked_themselves(self, desk: Client, staff: User) -> None:
        staff.groups.set([Group.objects.get(name=SUPERVISOR)])
        colleague = User.objects.create_user(username="cor", is_staff=True)
        pages = {}
        for by in (staff, colleague):
            question = Approval.objects.create(action="account.unfreeze", subject="NL06", asked_by=by, asked_at=NOON)
            pages[by.username] = desk.get(f"/approvals/{question.id}").content.decode()

        assert "Your decision" not in pages["ada"]
        assert "somebody else has to decide" in pages["ada"]
        assert "Your decision" in pages["cor"]

    def test_shows_what_another_bank_wrote_in_a_currency_that_does_not_exist(self, desk: Client) -> None:
        Transfer.objects.create(
            kind="incoming", status="rejected", amount_minor=1250, currency="ZZZ", origin_bank="BNKB", origin_id=uuid4(), created_at=NOON
        )

        page = desk.get("/").content.decode()

        assert "ZZZ" in page

    def test_loads_nothing_from_elsewhere(self, desk: Client) -> None:
        page = desk.get("/").content.decode()

        assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []
        assert re.findall(r"<script(?![^>]* src=)|\bon[a-z]+=", page) == []
        assert " style=" not in page

    def test_asks_the_database_a_fixed_number_of_times(self, desk: Client, django_assert_max_num_queries: Any) -> None:
        with django_assert_max_num_queries(24):
            desk.get("/")


class TestEveryAnswer:
    def test_carries_an_id_of_ours(self, client: Client) -> None:
        first = client.get("/livez", headers={"X-Request-ID": "x" * 500})
        second = client.get("/livez")

        assert re.fullmatch(r"[0-9a-f-]{36}", first["Request-Id"])
        assert first["Request-Id"] != second["Request-Id"]

    def test_forbids_scripts_that_are_not_ours(self, client: Client, desk: Client) -> None:
        page, lists = client.get("/sign-in"), desk.get("/admin/")

        assert "default-src 'none'" in page["Content-Security-Policy"]
        assert "unsafe" not in page["Content-Security-Policy"]
        assert "script-src 'self' 'unsafe-eval';" in lists["Content-Security-Policy"] + ";"

    def test_may_be_streamed(self, client: Client) -> None:
        answer = client.get("/static/banksite/bank.css")

        assert answer.status_code == 200
        assert b"--accent" in answer.getvalue()

    def test_tells_a_missing_page_from_our_own(self, client: Client) -> None:
        answer = client.get("/nowhere")

        assert answer.status_code == 404
        assert "Nothing is here" in answer.content.decode()

    @pytest.mark.parametrize("path", ["/accounts/%00", "/admin/messaging/peer/%00/change/"])
    def test_finds_nothing_under_a_name_that_no_database_keeps(self, desk: Client, path: str) -> None:
        assert desk.get(path).status_code == 404


class TestHealth:
    def test_is_alive_without_a_database(self, client: Client) -> None:
        assert client.get("/livez").json() == {"status": "alive"}

    def test_is_ready_when_the_database_is_migrated(self, client: Client, db: None) -> None:
        answer = client.get("/readyz")

        assert (answer.status_code, answer.json()["database"]) == (200, "ok")

    def test_is_not_ready_before_it_is_migrated(self, client: Client, db: None) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'transfers'")

        answer = client.get("/readyz")

        assert (answer.status_code, answer.json()["database"]) == (503, "not migrated")

    def test_is_measured(self, client: Client, db: None, settings: Any) -> None:
        settings.METRICS_LISTEN = "0.0.0.0:9100"

        page = client.get("/metrics", SERVER_PORT="9100").content.decode()

        assert 'bank_dead_letters_open{reason="opposite-answer",signed="yes"} 0.0' in page
        assert "bank_outbox_oldest_unsent_seconds 0.0" in page

    @pytest.mark.parametrize(("listen", "port"), [("", "80"), ("", ""), ("0.0.0.0:9100", "8000"), ("0.0.0.0:9100", "80")])
    def test_tells_nobody_at_another_port_what_is_measured(self, client: Client, settings: Any, listen: str, port: str) -> None:
        settings.METRICS_LISTEN = listen

        assert client.get("/metrics", SERVER_PORT=port, HTTP_HOST="localhost:9100").status_code == 404

    @pytest.mark.parametrize(("path", "status"), [("/livez", 200), ("/readyz", 200), ("/metrics", 404), ("/", 400), ("/livez/x", 400)])
    def test_is_told_to_machines_that_call_the_bank_by_an_address(self, path: str, status: int, client: Client, db: None) -> None:
        assert client.get(path, HTTP_HOST="10.0.0.7:8000").status_code == status


class TestTheLists:
    def test_all_open_for_the_auditor(self, desk: Client) -> None:
        for model in admin.site._registry:
            answer = desk.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/")

            may_see = desk.get("/admin/").wsgi_request.user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
            assert answer.status_code == (200 if may_see else 403), model

    def test_offer_nobody_to_add_change_or_delete(self, desk: Client) -> None:
        event = AuditEvent.objects.create(at=NOON, action="vault.opened", subject="vault 7")

        shown = desk.get(f"/admin/access/auditevent/{event.pk}/change/")
        added, deleted = desk.get("/admin/access/auditevent/add/"), desk.post(f"/admin/access/auditevent/{event.pk}/delete/")

        assert "vault.opened" in shown.content.decode()
        assert (shown.status_code, added.status_code, deleted.status_code) == (200, 403, 403)

    def test_never_show_a_password_hash(self, desk: Client, staff: User) -> None:
        page = desk.get(f"/admin/access/user/{staff.pk}/change/").content.decode()

        assert "ada" in page
        assert staff.password not in page

    def test_are_not_all_for_the_teller(self, desk: Client, staff: User) -> None:
        staff.groups.set([Group.objects.get(name=TELLER)])

        assert desk.get("/admin/access/auditevent/").status_code == 403
