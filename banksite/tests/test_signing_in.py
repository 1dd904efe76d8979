"""Signing in with both factors, and sessions that lock when nobody sits at them."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings as site_settings
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from access import second_factor
from access.models import AuditEvent, User
from access.roles import TELLER
from access.services import open_access
from access.tests.people import code_of, enrol

PASSWORD = "a long enough password"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    open_access()
    user = User.objects.create_user(username="ada", first_name="Ada", last_name="Lind", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=TELLER))
    return user


def is_in(client: Client) -> bool:
    return client.get("/").status_code == 200


class TestAPasswordFromSomebodyElse:
    CHOSEN = "a sentence of one's own"

    @pytest.fixture
    def given(self, ada: User) -> User:
        User.objects.filter(pk=ada.pk).update(password_given=True)
        return ada

    def choose(self, client: Client, *, old: str = PASSWORD, new: str = CHOSEN) -> Any:
        return client.post("/password", {"old_password": old, "new_password1": new, "new_password2": new})

    def test_opens_nothing_but_the_page_on_which_to_choose_another(self, given: User, client: Client) -> None:
        client.post("/sign-in", {"username": "ada", "password": PASSWORD})

        led = [client.get(address)["Location"] for address in ("/", "/transfers", "/admin/", "/approvals")]
        part = client.get("/pay/creditor?creditor=NL73BNKB0000000007", headers={"HX-Request": "true"})
        token = Client().post("/api/v1/auth/token", {"username": "ada", "password": PASSWORD}, content_type="application/json")

        assert led == ["/password"] * 4
        assert part["HX-Redirect"] == "/password"
        assert (token.status_code, token.json()["code"]) == (403, "password-given")

    def test_is_replaced_and_its_giver_is_out(self, given: User, client: Client) -> None:
        giver = Client()
        for browser in (client, giver):
            browser.post("/sign-in", {"username": "ada", "password": PASSWORD})

        self.choose(client)

        assert is_in(client)
        assert not is_in(giver)
        assert giver.post("/sign-in", {"username": "ada", "password": PASSWORD}).status_code == 200, "the form again"
        assert AuditEvent.objects.get(action="user.password-chosen").actor == given

    @pytest.mark.parametrize(("old", "new"), [("wrong", CHOSEN), (PASSWORD, "short"), (PASSWORD, "password12345")])
    def test_is_not_replaced_without_it_or_by_a_weak_one(self, given: User, client: Client, old: str, new: str) -> None:
        client.post("/sign-in", {"username": "ada", "password": PASSWORD})

        refused = self.choose(client, old=old, new=new)

        assert refused.status_code == 200
        assert b'role="alert"' in refused.content or b"error" in refused.content
        assert User.objects.get(pk=given.pk).check_password(PASSWORD)
        assert not is_in(client)


class TestASecondFactor:
    def test_is_asked_for_after_the_password_and_leads_where_one_wanted(self, ada: User, client: Client) -> None:
        secret, _ = enrol(ada)

        first = client.post("/sign-in", {"username": "ada", "password": PASSWORD, "next": "/search"})
        assert first["Location"] == "/sign-in/code"
        assert not is_in(client)
        second = client.post("/sign-in/code", {"code": code_of(secret)})

        assert second["Location"] == "/search"
        assert is_in(client)

    def test_takes_a_code_only_once(self, ada: User) -> None:
        secret, recovery = enrol(ada)

        for code in (code_of(secret), recovery[0]):
            doors = [Client(), Client()]
            for door in doors:
                door.post("/sign-in", {"username": "ada", "password": PASSWORD})
                door.post("/sign-in/code", {"code": code})
            assert [is_in(door) for door in doors] == [True, False]

    def test_closes_the_door_after_too_many_wrong_codes(self, ada: User, client: Client) -> None:
        secret, _ = enrol(ada)
        client.post("/sign-in", {"username": "ada", "password": PASSWORD})

        answers = [client.post("/sign-in/code", {"code": "000000"}).status_code for _ in range(5)]
        right = client.post("/sign-in/code", {"code": code_of(secret)})

        assert answers[0] == 200
        assert (answers[-1], right.status_code) == (429, 429)
        assert not is_in(client)

    def test_wants_its_code_soon_after_the_password(self, ada: User, client: Client) -> None:
        secret, _ = enrol(ada)
        client.post("/sign-in", {"username": "ada", "password": PASSWORD})

        with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=True):
            client.post("/sign-in/code", {"code": code_of(secret)})
            assert not is_in(client)

    def test_cannot_be_reached_without_the_password(self, ada: User, client: Client) -> None:
        enrol(ada)

        assert client.get("/sign-in/code")["Location"] == "/sign-in"

    def test_is_enrolled_with_the_first_code_and_given_up_with_the_password(self, ada: User, client: Client) -> None:
        client.force_login(ada, backend="access.backends.RoleBackend")
        secret = client.get("/second-factor").context["offer"].secret

        wrong = client.post("/second-factor", {"code": "000000"})
        shown = client.post("/second-factor", {"code": code_of(secret)})
        assert not wrong.context["form"].is_valid()
        assert len(shown.context["codes"]) == 10
        client.post("/second-factor", {"password": "not it"})
        assert second_factor.has_second_factor(ada)
        client.post("/second-factor", {"password": PASSWORD})

        assert not second_factor.has_second_factor(ada)
        assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == [
            "second-factor.enrolled",
            "second-factor.given-up",
        ]

    def test_outlives_a_change_of_the_sites_key(self, ada: User, settings: Any) -> None:
        secret, _ = enrol(ada)

        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"

        assert second_factor.is_right(user=ada, code=code_of(secret))

    def test_secrets_are_stored_encrypted(self, ada: User) -> None:
        secret, codes = enrol(ada)

        stored = str(list(Authenticator.objects.values()))

        assert secret not in stored
        assert not [code for code in codes if code in stored]


class TestASession:
    @pytest.fixture
    def desk(self, ada: User) -> Client:
        client = Client()
        client.force_login(ada, backend="access.backends.RoleBackend")
        client.get("/")
        return client

    def test_locks_when_nobody_sits_at_it_and_opens_again_where_one_was(self, desk: Client) -> None:
        with time_machine.travel(timezone.now() + timedelta(seconds=site_settings.IDLE_LOCK_S + 5), tick=True):
            shut = desk.get("/search?q=maria")
            assert shut["Location"] == "/locked?next=%2Fsearch%3Fq%3Dmaria"
            assert desk.post("/customers/new", {"key": "k"}).status_code == 302
            assert desk.get("/admin/").status_code == 302
            wrong = desk.post("/locked", {"password": "not it", "next": "/search?q=maria"})
            right = desk.post("/locked", {"password": PASSWORD, "next": "/search?q=maria"})

            assert wrong.status_code == 200
            assert right["Location"] == "/search?q=maria"
            assert is_in(desk)

    def test_ends_for_good_after_twelve_hours_however_busy_it_is(self, desk: Client) -> None:
        began = timezone.now()
        for minutes in range(0, 12 * 60, 10):
            with time_machine.travel(began + timedelta(minutes=minutes), tick=True):
                assert desk.get("/search?q=maria").status_code in {200, 302}
        with time_machine.travel(began + timedelta(hours=12, minutes=1), tick=True):
            over = desk.get("/search?q=maria")

            assert over["Location"] == "/sign-in"
            assert not is_in(desk)

    def test_stays_open_while_somebody_works(self, desk: Client) -> None:
        now = timezone.now()
        for minutes in range(0, 60, 10):
            with time_machine.travel(now + timedelta(minutes=minutes), tick=True):
                assert is_in(desk)

    def test_is_locked_by_hand(self, desk: Client) -> None:
        desk.post("/lock", {"next": "/search"})

        assert desk.get("/")["Location"] == "/locked?next=%2F"
        page = desk.get("/locked?next=/search").content.decode()
        assert "Ada Lind is signed in" in page
        assert 'role="search"' not in page

    def test_makes_the_whole_page_lock_when_a_part_is_asked_for(self, desk: Client) -> None:
        desk.post("/lock")

        part = desk.get("/search?q=maria", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/search"})

        assert part["HX-Redirect"].startswith("/locked?next=")

    def test_leads_nowhere_else(self, desk: Client) -> None:
        desk.post("/lock")

        answer = desk.post("/locked", {"password": PASSWORD, "next": "https://example.org/"})

        assert answer["Location"] == "/"

    def test_guards_the_password_as_the_sign_in_does(self, desk: Client) -> None:
        desk.post("/lock")

        answers = [desk.post("/locked", {"password": "not it"}).status_code for _ in range(5)]

        assert answers[-1] == 429
        assert desk.get("/").status_code == 302
