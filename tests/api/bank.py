"""Bank A as a program meets it: people of every role with a password, and tokens to ask with."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from access import tokens
from access.models import ApiClient, User
from access.services import open_access
from access.site import acting_as, this_bank
from banksite.http_problems import PLAIN
from messaging import services

PASSWORD = "a long enough password"


@dataclass
class Api:
    """Asks the bank; what a user may do is known by the token that is sent."""

    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def ask(self, method: str, path: str, body: object = None, *, token: str = "", key: str = "", **headers: str) -> Any:
        """Send one request; a body is sent as JSON, bytes as they are."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        content = {} if body is None else {"data": body, "content_type": "application/json"}
        answer = self.client.generic(method, path, **_encoded(content), headers=headers)
        assert_is_described(method, path, answer)
        return answer

    def get(self, path: str, **more: Any) -> Any:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: object = None, **more: Any) -> Any:
        return self.ask("POST", path, {} if body is None else body, **more)

    def sign_in(self, username: str, password: str = PASSWORD, **more: str) -> Any:
        return self.post("/api/v1/auth/token", {"username": username, "password": password} | more)


def assert_is_described(method: str, path: str, answer: Any) -> None:
    """Hold every refusal that any test meets against its operation's description: clients must be able to expect it."""
    if (
        answer.get("Content-Type") != "application/problem+json"
        or answer.status_code >= 500
        or answer.json()["code"] in {plain.code for plain in PLAIN.values()}
    ):
        return
    view = vars(resolve(path.partition("?")[0]).func)["view_class"]
    described = getattr(getattr(view, method.replace("HEAD", "GET").lower(), None), "problems", None)
    assert described is None or answer.json()["code"] in described, f"{method} {path} does not list {answer.json()['code']}"


def _encoded(content: dict[str, Any]) -> dict[str, Any]:
    if "data" in content and not isinstance(content["data"], bytes):
        content["data"] = json.dumps(content["data"]).encode()
    return content


@contextmanager
def bank_with_keys(folder: Path, **changes: Any) -> Iterator[None]:
    """Be a bank whose token key lies in the folder, known to the database."""
    file = folder / "token.key"
    with acting_as(replace(this_bank(), token_key_file=file, **changes)):
        services.ensure_own_key(use="tokens", file=file, now=timezone.now())
        yield


def employ(username: str, *roles: str, is_staff: bool = True) -> User:
    """Return a new user with these roles and the password everybody has here."""
    if not Group.objects.exists():
        open_access()
    user = User.objects.create_user(username=username, first_name=username.title(), password=PASSWORD, is_staff=is_staff)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def enlist(username: str, *roles: str, **what: Any) -> User:
    """Return a new program, which acts for those who gave it a mandate unless said otherwise."""
    user = employ(username, *roles, is_staff=False)
    ApiClient.objects.create(user=user, **what)
    return user


def token_of(user: User) -> str:
    """Return an access token of the user."""
    return tokens.issue(user=user, now=timezone.now()).access
