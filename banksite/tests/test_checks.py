"""The site refuses to start where it would quietly lose a promise."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.checks import run_checks

from access.roles import ROLES
from banksite import checks

ROOT = Path(settings.BASE_DIR)
SQLITE = "django.db.backends.sqlite3"


def _ids() -> list[str | None]:
    return [message.id for message in run_checks()]


def _configure(monkeypatch: pytest.MonkeyPatch, database: dict[str, Any]) -> None:
    """Let the checks see another database than the one the tests run on."""
    monkeypatch.setattr(checks, "settings", SimpleNamespace(DATABASES={"default": database}))


class TestTheSite:
    def test_starts_as_it_is(self) -> None:
        assert _ids() == []

    def test_refuses_a_python_without_assertions(self) -> None:
        code = "from banksite.checks import keeps_assertions as check; print([each.id for each in check(None)])"

        said = subprocess.run([sys.executable, "-O", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

        assert said.stdout == "['banksite.E001']\n"

    @pytest.mark.parametrize(
        ("version", "is_unsafe"),
        [((3, 40, 1), True), ((3, 50, 6), True), ((3, 50, 7), False), ((3, 51, 2), True), ((3, 51, 3), False), ((3, 52, 0), False)],
    )
    def test_refuses_wal_on_the_versions_that_lose_commits(
        self, monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], is_unsafe: bool
    ) -> None:
        monkeypatch.setattr("sqlite3.sqlite_version_info", version)
        _configure(
            monkeypatch, {"ENGINE": SQLITE, "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode = WAL;"}}
        )

        assert [each.id for each in checks.sqlite_is_safe(None)] == (["banksite.E002"] if is_unsafe else [])

    def test_refuses_transactions_that_lock_late(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _configure(monkeypatch, {"ENGINE": SQLITE, "OPTIONS": {"transaction_mode": "DEFERRED"}})

        assert [each.id for each in checks.sqlite_is_safe(None)] == ["banksite.E003"]

    def test_refuses_tokens_that_cannot_be_revoked(self, settings: Any) -> None:
        settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if "blacklist" not in app]

        assert [each.id for each in checks.tokens_can_be_revoked(None)] == ["banksite.E004"]

    @pytest.mark.parametrize(("hosts", "is_refused"), [(["localhost", "127.0.0.1"], False), (["bank.example"], True), (["*"], True)])
    def test_refuses_debug_where_strangers_come(self, settings: Any, hosts: list[str], is_refused: bool) -> None:
        settings.DEBUG, settings.ALLOWED_HOSTS = True, hosts

        assert [each.id for each in checks.debug_stays_at_home(None)] == (["banksite.E005"] if is_refused else [])

    def test_refuses_a_transaction_around_every_request(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _configure(monkeypatch, {"ATOMIC_REQUESTS": True})

        assert [each.id for each in checks.requests_open_no_transaction(None)] == ["banksite.E006"]

    def test_refuses_a_role_nobody_made(self, settings: Any) -> None:
        settings.SITE = {**settings.SITE, "role": "casino"}

        assert [each.id for each in checks.role_is_known(None)] == ["banksite.E007"]


class TestTheEnvironment:
    def test_is_named_whole_in_the_example(self) -> None:
        source = (ROOT / "banksite" / "settings.py").read_text()
        read = set(re.findall(r'(?:\benv(?:\.\w+)?|_file)\(\s*"([A-Z_]+)"', source))
        read |= set(re.findall(r'environ\.get\("([A-Z_]+)"', (ROOT / "banksite" / "web_server.py").read_text()))
        named = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

        assert read == named


@pytest.mark.django_db
class TestTheRoles:
    def test_hold_permissions_that_some_app_declares(self) -> None:
        declared = {f"{each.content_type.app_label}.{each.codename}" for each in Permission.objects.select_related("content_type")}

        assert frozenset().union(*ROLES.values()) - declared == frozenset()

    def test_leave_nothing_that_some_app_guards_to_nobody(self) -> None:
        guarded = {
            f"{each.content_type.app_label}.{each.codename}"
            for each in Permission.objects.select_related("content_type")
            if each.content_type.app_label in {"access", "accounts", "transfers", "messaging", "headbank", "webhooks"}
            and not each.codename.startswith(("view_", "add_", "change_", "delete_"))
        }

        assert guarded - frozenset().union(*ROLES.values()) == set()

    def test_let_nobody_who_acts_for_the_bank_approve(self) -> None:
        assert not {permission for permission in ROLES["System"] if "approve" in permission or "decide" in permission}
