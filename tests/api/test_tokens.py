"""Tokens: what they say, how they are renewed, and how they end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import pytest
import time_machine
from axes.models import AccessLog
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from access import tokens
from access.errors import CredentialsWrong
from access.models import ApiClient, AuditEvent, User
from access.roles import API_CLIENT, AUDITOR, TELLER
from access.services import choose_password
from access.signed_tokens import ACCESS_VALID, REFRESH_VALID
from access.site import acting_as, this_bank
from access.tests.people import at_once, code_of, enrol
from messaging import signing
from messaging.services import rotate_own_key
from tests.api.bank import PASSWORD, Api, employ, enlist, token_of

ME, REFRESH, LOGOUT = "/api/v1/me", "/api/v1/auth/refresh", "/api/v1/auth/logout"


@pytest.fixture
def tess() -> User:
    return employ("tess", TELLER)


class TestSigningIn:
    def test_gives_a_token_that_says_who_and_until_when_and_nothing_more(self, api: Api, tess: User) -> None:
        given = api.sign_in("tess").json()

        claims = jwt.decode(given["access_token"], options={"verify_signature": False})
        assert given["token_type"] == "Bearer"
        assert given["expires_in"] == claims["exp"] - claims["iat"] == 300
        assert (claims["iss"], claims["aud"], claims["sub"]) == ("BNKA", "BNKA", str(tess.pk))
        assert claims.keys() == {"iss", "aud", "sub", "sid", "jti", "iat", "exp"}

    def test_gives_tokens_that_others_can_check_with_the_published_key(self, api: Api, tess: User) -> None:
        given = api.sign_in("tess").json()

        [published] = api.get("/.well-known/jwks.json").json()["keys"]
        key = jwt.PyJWK(published).key
        claims = jwt.decode(given["access_token"], key, algorithms=["EdDSA"], audience="BNKA", issuer="BNKA")
        assert claims["sub"] == str(tess.pk)
        assert jwt.get_unverified_header(given["access_token"])["kid"] == published["kid"]

    def test_says_who_one_is(self, api: Api, tess: User) -> None:
        said = api.get(ME, token=api.sign_in("tess").json()["access_token"]).json()

        assert (said["username"], said["roles"], said["acts_for_all"]) == ("tess", ["Teller"], True)
        assert "transfers.pay" in said["permissions"]

    def test_begins_no_session(self, api: Api, tess: User) -> None:
        answer = api.sign_in("tess")

        assert not answer.cookies
        assert (Session.objects.count(), answer["Cache-Control"]) == (0, "no-store")
        assert AccessLog.objects.get().username == "tess"

    @pytest.mark.parametrize(("username", "password"), [("tess", "wrong"), ("nobody", PASSWORD), ("system", PASSWORD)])
    def test_refuses_without_saying_what_was_wrong(self, api: Api, tess: User, username: str, password: str) -> None:
        answer = api.sign_in(username, password)

        assert (answer.status_code, answer.json()["code"]) == (401, "credentials-wrong")

    def test_refuses_the_disabled(self, api: Api, tess: User) -> None:
        User.objects.filter(pk=tess.pk).update(is_active=False)

        assert api.sign_in("tess").status_code == 401

    def test_closes_after_five_failures_with_a_time_to_wait(self, api: Api, tess: User) -> None:
        failed = [api.sign_in("tess", "wrong").status_code for _ in range(5)]

        right = api.sign_in("tess")

        assert failed == [401, 401, 401, 401, 429]
        assert (right.status_code, right.json()["code"], right["Retry-After"]) == (429, "too-many-attempts", "900")
        assert right["Content-Type"] == "application/problem+json"

    def test_counts_failures_anew_after_a_success(self, api: Api, tess: User) -> None:
        for _ in range(3):
            [api.sign_in("tess", "wrong") for _ in range(4)]

            assert api.sign_in("tess").status_code == 200

    def test_of_a_bank_without_a_key_is_our_fault(self, api: Api, tess: User) -> None:
        with acting_as(replace(this_bank(), token_key_file=None)):
            answer = api.sign_in("tess")

        assert (answer.status_code, answer.json()["code"]) == (503, "key-file-unusable")
        assert not OutstandingToken.objects.exists()


class TestASecondFactor:
    def test_is_demanded_beside_the_password(self, api: Api, tess: User) -> None:
        secret, _ = enrol(tess)

        without, wrong = api.sign_in("tess"), api.sign_in("tess", otp="000000")
        right = api.sign_in("tess", otp=code_of(secret))

        assert [(refused.status_code, refused.json()["code"]) for refused in (without, wrong)] == [
            (401, "code-missing"),
            (401, "code-wrong"),
        ]
        assert api.get(ME, token=right.json()["access_token"]).json()["username"] == "tess"
        assert OutstandingToken.objects.count() == 2, "one sign-in with one refresh token"

    def test_opens_once_with_each_code(self, api: Api, tess: User) -> None:
        secret, [recovery, *_] = enrol(tess)

        for code in (code_of(secret), recovery):
            assert [api.sign_in("tess", otp=code).status_code for _ in range(2)] == [200, 401]

    def test_says_nothing_of_the_code_to_who_lacks_the_password(self, api: Api, tess: User) -> None:
        secret, _ = enrol(tess)

        assert api.sign_in("tess", "wrong", otp=code_of(secret)).json()["code"] == "credentials-wrong"

    def test_closes_after_five_wrong_codes(self, api: Api, tess: User) -> None:
        secret, _ = enrol(tess)

        failed = [api.sign_in("tess", otp="000000").status_code for _ in range(5)]
        right = api.sign_in("tess", otp=code_of(secret))

        assert failed == [401, 401, 401, 401, 429]
        assert (right.status_code, right.json()["code"]) == (429, "too-many-attempts")


class TestRefreshing:
    def test_gives_the_next_pair(self, api: Api, tess: User) -> None:
        first = api.sign_in("tess").json()

        second = api.post(REFRESH, {"refresh_token": first["refresh_token"]}).json()

        assert api.get(ME, token=second["access_token"]).status_code == 200
        assert api.post(REFRESH, {"refresh_token": second["refresh_token"]}).status_code == 200

    def test_with_a_token_used_before_ends_every_token_of_the_sign_in(self, api: Api, tess: User) -> None:
        other = token_of(tess)
        first = api.sign_in("tess").json()
        second = api.post(REFRESH, {"refresh_token": first["refresh_token"]}).json()

        with time_machine.travel(timezone.now() + tokens.REPEAT_VALID + timedelta(seconds=1)):
            stolen = api.post(REFRESH, {"refresh_token": first["refresh_token"]})

        assert (stolen.status_code, stolen.json()["code"]) == (401, "token-refused")
        assert api.get(ME, token=second["access_token"]).status_code == 401
        assert api.post(REFRESH, {"refresh_token": second["refresh_token"]}).status_code == 401
        assert AuditEvent.objects.get(action="tokens.ended").reason == "refresh-token-used-twice"
        assert api.get(ME, token=other).status_code == 200, "another sign-in goes on"

    def test_goes_on_for_a_month_at_most(self, tess: User) -> None:
        begun = now = datetime(2026, 3, 1, tzinfo=UTC)
        given = tokens.issue(user=tess, now=now)
        for _ in range(200):
            now += timedelta(hours=7)
            if now >= given.refresh_expires_at:
                break
            given = tokens.refresh(token=given.refresh, now=now)

        assert given.refresh_expires_at == begun + timedelta(days=30)

    @pytest.mark.postgres
    @pytest.mark.django_db(transaction=True)
    def test_in_many_threads_at_once_gives_one_pair(self, tess: User) -> None:
        given, site = tokens.issue(user=tess, now=timezone.now()), this_bank()

        def renew() -> object:
            with acting_as(site):
                return tokens.refresh(token=given.refresh, now=timezone.now())

        outcomes = at_once([renew] * 8)

        assert outcomes == 8 * [outcomes[0]]
        assert isinstance(outcomes[0], tokens.Tokens)
        assert OutstandingToken.objects.count() == 3, "the sign-in, its first refresh token and the next"
        tokens.refresh(token=outcomes[0].refresh, now=timezone.now())

    def test_whose_answer_was_lost_gives_the_same_again(self, api: Api, tess: User) -> None:
        first = api.sign_in("tess").json()
        asked = {"refresh_token": first["refresh_token"]}

        answers = [api.post(REFRESH, asked).json() for _ in range(3)]

        assert answers == 3 * [answers[0]]
        assert api.get(ME, token=answers[0]["access_token"]).status_code == 200
        assert api.post(REFRESH, {"refresh_token": answers[0]["refresh_token"]}).status_code == 200

    def test_keeps_no_token_for_that(self, api: Api, tess: User) -> None:
        given = api.sign_in("tess").json()
        given |= {"next": api.post(REFRESH, {"refresh_token": given["refresh_token"]}).json()["refresh_token"]}

        kept = str(list(OutstandingToken.objects.values()))

        assert not [name for name in ("access_token", "refresh_token", "next") if given[name] in kept]

    @pytest.mark.parametrize("how", ["from another address", "after its successor was used"])
    def test_twice_by_somebody_else_ends_the_sign_in_at_once(self, api: Api, tess: User, how: str) -> None:
        first = api.sign_in("tess").json()
        asked = {"refresh_token": first["refresh_token"]}
        second = api.post(REFRESH, asked).json()
        if how == "after its successor was used":
            second = api.post(REFRESH, {"refresh_token": second["refresh_token"]}).json()
        else:
            api.client.defaults["REMOTE_ADDR"] = "203.0.113.9"

        assert api.post(REFRESH, asked).status_code == 401
        assert api.get(ME, token=second["access_token"]).status_code == 401

    @pytest.mark.parametrize(("ahead_s", "status"), [(9, 200), (-9, 200), (12, 401), (-12, 401)])
    def test_bears_servers_whose_clocks_differ_a_little(self, api: Api, tess: User, ahead_s: int, status: int) -> None:
        now = timezone.now()
        given = tokens.issue(user=tess, now=now)
        judged_at = now + timedelta(seconds=ahead_s) + (ACCESS_VALID if ahead_s > 0 else timedelta())

        with time_machine.travel(judged_at, tick=False):
            answer = api.get(ME, token=given.access)

        assert answer.status_code == status


class TestSigningOut:
    def test_ends_every_token_of_the_sign_in_at_once(self, api: Api, tess: User) -> None:
        given = api.sign_in("tess").json()

        left = api.post(LOGOUT, {"refresh_token": given["refresh_token"]})

        assert (left.status_code, left.content) == (204, b"")
        assert api.get(ME, token=given["access_token"]).status_code == 401
        assert api.post(REFRESH, {"refresh_token": given["refresh_token"]}).status_code == 401

    def test_twice_is_fine(self, api: Api, tess: User) -> None:
        given = api.sign_in("tess").json()

        answers = [api.post(LOGOUT, {"refresh_token": given["refresh_token"]}).status_code for _ in range(2)]

        assert answers == [204, 204]


class TestWhatChangesMeanwhile:
    def test_disabling_counts_at_once(self, api: Api, tess: User) -> None:
        token = token_of(tess)
        User.objects.filter(pk=tess.pk).update(is_active=False)

        assert api.get(ME, token=token).status_code == 401

    def test_a_changed_role_counts_at_once(self, api: Api, tess: User) -> None:
        token = token_of(tess)
        before = api.get("/api/v1/approvals", token=token).status_code
        tess.groups.set([Group.objects.get(name=AUDITOR)])

        assert (before, api.get("/api/v1/approvals", token=token).status_code) == (403, 200)

    def test_a_sign_in_under_way_does_not_outlive_the_password(self, tess: User) -> None:
        proved = User.objects.get(pk=tess.pk)
        choose_password(password="another one of mine", by=tess, now=timezone.now())

        with pytest.raises(CredentialsWrong):
            tokens.issue(user=proved, now=timezone.now())

    def test_a_password_hashed_as_of_old_opens_and_does_not_come_back(self, api: Api, tess: User, settings: Any) -> None:
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", *settings.PASSWORD_HASHERS]
        stale = User.objects.get(pk=tess.pk)

        assert api.sign_in("tess").status_code == 200
        hashed_anew = User.objects.get(pk=tess.pk).password
        choose_password(password="another one of mine", by=tess, now=timezone.now())

        assert (hashed_anew.startswith("scrypt$"), stale.check_password(PASSWORD)) == (True, True)
        assert api.sign_in("tess", "another one of mine").status_code == 200

    def test_nobody_comes_in_who_was_shut_out_while_the_password_was_checked(self, tess: User) -> None:
        User.objects.filter(pk=tess.pk).update(is_active=False)

        with pytest.raises(CredentialsWrong):
            tokens.issue(user=tess, now=timezone.now())

    @pytest.mark.postgres
    @pytest.mark.django_db(transaction=True)
    def test_no_sign_in_is_left_of_those_that_began_while_the_password_changed(self, tess: User) -> None:
        site, proved = this_bank(), User.objects.get(pk=tess.pk)

        def sign_in() -> object:
            with acting_as(site):
                return tokens.issue(user=proved, now=timezone.now())

        choose = partial(choose_password, password="another one of mine", by=tess, now=timezone.now())
        at_once([sign_in] * 3 + [choose] + [sign_in] * 3)

        with transaction.atomic():
            assert tokens.end_all(user=tess, why="", now=timezone.now()) == 0

    def test_scopes_narrow_what_a_program_may_do(self, api: Api) -> None:
        erp = enlist("erp", API_CLIENT, scopes=["transfers.view_transfer", "transfers.approve"])

        said = api.get(ME, token=token_of(erp)).json()

        assert (said["permissions"], said["acts_for_all"]) == (["transfers.view_transfer"], False)

    def test_a_program_of_the_bank_acts_for_all(self, api: Api) -> None:
        branch = enlist("branch", API_CLIENT, whole_bank=True)

        assert api.get(ME, token=token_of(branch)).json()["acts_for_all"] is True

    def test_no_more_than_two_questions_tell_who_asks_and_what_they_may(self, api: Api, tess: User, django_assert_num_queries: Any) -> None:
        token = token_of(employ("aud", AUDITOR))
        api.get("/api/v1/approvals", token=token)

        with django_assert_num_queries(3):
            api.get("/api/v1/approvals", token=token)


class TestRotatingTheKey:
    def test_lets_what_the_old_key_signed_go_on(self, api: Api, tess: User, capsys: pytest.CaptureFixture[str]) -> None:
        old = api.sign_in("tess").json()

        call_command("rotate_key", use="tokens")

        new = api.sign_in("tess").json()
        kids = [jwt.get_unverified_header(given["access_token"])["kid"] for given in (old, new)]
        assert [key["kid"] for key in api.get("/.well-known/jwks.json").json()["keys"]] == kids[::-1]
        assert [api.get(ME, token=given["access_token"]).status_code for given in (old, new)] == [200, 200]
        assert api.post(REFRESH, {"refresh_token": old["refresh_token"]}).status_code == 200
        assert capsys.readouterr().out.strip() == _file().with_name("token.key.pub").read_text().strip()

    def test_forgets_the_old_key_when_its_last_token_is_over(self, api: Api) -> None:
        rotate_own_key(use="tokens", file=_file(), now=timezone.now() - REFRESH_VALID)

        assert len(api.get("/.well-known/jwks.json").json()["keys"]) == 1

    def test_ends_at_once_what_a_stolen_key_signed(self, api: Api, tess: User) -> None:
        old = api.sign_in("tess").json()

        call_command("rotate_key", use="tokens", at_once=True)

        assert api.get(ME, token=old["access_token"]).status_code == 401
        assert api.post(REFRESH, {"refresh_token": old["refresh_token"]}).status_code == 401
        assert api.get(ME, token=token_of(tess)).status_code == 200
        assert len(api.get("/.well-known/jwks.json").json()["keys"]) == 1

    def test_interrupted_before_the_file_changed_is_done_again(self, api: Api, tess: User) -> None:
        waiting = signing.create_key_file(file=_file().with_name("token.key.next"))

        call_command("rotate_key", use="tokens")

        assert signing.load_key_file(file=_file()).public_key == waiting.public_key
        assert sorted(file.name for file in _file().parent.iterdir()) == ["token.key", "token.key.pub"]
        assert api.get(ME, token=token_of(tess)).status_code == 200

    def test_needs_a_file(self) -> None:
        with acting_as(replace(this_bank(), token_key_file=None)), pytest.raises(CommandError):
            call_command("rotate_key", use="tokens")


class TestHousekeeping:
    def test_deletes_sign_ins_that_are_over(self, tess: User) -> None:
        now = timezone.now()
        tokens.issue(user=tess, now=now - timedelta(hours=9))
        tokens.issue(user=tess, now=now)

        assert (tokens.delete_over(now=now), OutstandingToken.objects.count()) == (2, 2), "each sign-in, and its refresh token"


class TestHowOften:
    def test_one_may_ask_is_limited_with_a_time_to_wait(self, api: Api) -> None:
        erp = enlist("erp", API_CLIENT, requests_per_minute=3)
        token = token_of(erp)

        answers = [api.get(ME, token=token) for _ in range(9)]  # two minutes at most, three of each

        refused = answers[-1]
        assert [answer.status_code for answer in answers].count(200) <= 6
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
        assert 1 <= int(refused["Retry-After"]) <= 60

    def test_is_counted_for_each(self, api: Api, tess: User) -> None:
        token = token_of(enlist("erp", API_CLIENT, requests_per_minute=1))
        [api.get(ME, token=token) for _ in range(3)]

        assert api.get(ME, token=token_of(tess)).status_code == 200

    def test_no_limit_is_said_with_zero(self, api: Api) -> None:
        user = enlist("erp", API_CLIENT, requests_per_minute=1)
        ApiClient.objects.filter(pk=user.pk).update(requests_per_minute=0)

        assert [api.get(ME, token=token_of(user)).status_code for _ in range(4)] == [200] * 4


def _file() -> Path:
    file = this_bank().token_key_file
    assert file is not None
    return file
