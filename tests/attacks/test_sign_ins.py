"""Sign-ins by the dozen: each costs a hash, and they may not take every thread of a web server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from typing import Any

import pytest
from argon2 import PasswordHasher
from django.contrib.auth.hashers import make_password
from django.test import Client

from access import hashers
from access.errors import SignInBusy
from access.models import User

CROWD = 8
HASHER = "access.hashers.BoundedArgon2Hasher"


@pytest.fixture
def full() -> Iterator[None]:
    """Have every place taken by hashes that do not end."""
    places = hashers.AT_ONCE + hashers.WAITING
    with ExitStack() as stack:
        for _ in range(places):
            assert hashers._places.acquire(blocking=False)
            stack.callback(hashers._places.release)
        yield


class TestACrowd:
    def test_is_hashed_one_by_one_and_refused_beyond_the_queue(self) -> None:
        encoded, start = make_password("correct horse", hasher=hashers.BoundedArgon2Hasher()), Barrier(CROWD)

        def sign_in(_: int) -> bool | None:
            start.wait()
            try:
                return hashers.BoundedArgon2Hasher().verify("correct horse", encoded)
            except SignInBusy:
                return None

        with ThreadPoolExecutor(CROWD) as crowd:
            answers = list(crowd.map(sign_in, range(CROWD)))

        assert set(answers) == {True, None}
        assert answers.count(True) <= CROWD // 2

    @pytest.mark.usefixtures("full", "bank")
    def test_is_told_when_to_come_again_over_the_api(self, settings: Any) -> None:
        settings.PASSWORD_HASHERS = [HASHER]
        body = {"username": "teller", "password": "wrong password"}

        answer = Client().post("/api/v1/auth/token", body, content_type="application/json")

        assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (429, "2", "sign-in-busy")

    @pytest.mark.usefixtures("full", "bank")
    def test_is_told_so_on_the_page(self, settings: Any) -> None:
        settings.PASSWORD_HASHERS = [HASHER]

        answer = Client().post("/sign-in", {"username": "teller", "password": "wrong password"})

        assert answer.status_code == 429
        assert "Try again in 2 seconds." in answer.content.decode()


class TestAHash:
    def test_takes_less_than_a_tenth_of_what_a_container_may_have(self) -> None:
        assert hashers.BoundedArgon2Hasher.memory_cost * hashers.BoundedArgon2Hasher.parallelism <= 51_200

    @pytest.mark.django_db
    def test_of_earlier_costs_is_still_the_password_and_made_again(self, settings: Any) -> None:
        settings.PASSWORD_HASHERS = [HASHER]
        old = "argon2" + PasswordHasher(time_cost=2, memory_cost=102_400, parallelism=8).hash("correct horse battery")
        user = User.objects.create(username="ada", password=old)

        assert user.check_password("correct horse battery")
        user.refresh_from_db()
        assert "m=47104,t=1,p=1" in user.password
