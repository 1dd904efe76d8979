"""What this site refuses to start with, because it would quietly lose a promise."""

import sqlite3
import sys
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", ".localhost", "testserver"})
_ROLES = ("bank", "headbank")
Apps = Sequence[AppConfig] | None


def keeps_assertions(app_configs: Apps, **_: Any) -> list[CheckMessage]:  # noqa: ARG001  # the signature of a check
    """Refuse `python -O`: it removes the assertions that guard the kernel."""
    if not sys.flags.optimize:
        return []
    return [Error("Python runs with -O, which removes assertions.", hint="Start without -O and PYTHONOPTIMIZE.", id="banksite.E001")]


def sqlite_is_safe(app_configs: Apps, **_: Any) -> list[CheckMessage]:  # noqa: ARG001  # Django passes it
    """Refuse SQLite in WAL mode on a version that can lose commits there, and transactions that do not lock when they begin."""
    database = settings.DATABASES["default"]
    if "sqlite" not in database["ENGINE"]:
        return []
    found: list[CheckMessage] = []
    options = database.get("OPTIONS", {})
    if "journal_mode=wal" in options.get("init_command", "").lower().replace(" ", "") and wal_loses_commits(sqlite3.sqlite_version_info):
        hint = "Use journal_mode=DELETE, or SQLite 3.51.3 or 3.50.7."
        found.append(Error(f"SQLite {sqlite3.sqlite_version} can lose commits in WAL mode.", hint=hint, id="banksite.E002"))
    if options.get("transaction_mode") != "IMMEDIATE":
        hint = 'Set OPTIONS["transaction_mode"] to "IMMEDIATE".'
        found.append(
            Error("SQLite transactions do not lock when they begin, so two may read the same balance.", hint=hint, id="banksite.E003")
        )
    return found


def wal_loses_commits(version: tuple[int, ...]) -> bool:
    """Return whether two connections that write and checkpoint at once can lose commits (mended in 3.51.3 and 3.50.7)."""
    return version < (3, 50, 7) or (3, 51) <= version < (3, 51, 3)


def tokens_can_be_revoked(app_configs: Apps, **_: Any) -> list[CheckMessage]:  # noqa: ARG001  # Django passes it
    """Refuse a site whose refresh tokens could be used twice."""
    if "rest_framework_simplejwt.token_blacklist" in settings.INSTALLED_APPS:
        return []
    hint = "Add rest_framework_simplejwt.token_blacklist to INSTALLED_APPS."
    return [Error("Refresh tokens cannot be revoked.", hint=hint, id="banksite.E004")]


def debug_stays_at_home(app_configs: Apps, **_: Any) -> list[CheckMessage]:  # noqa: ARG001  # Django passes it
    """Refuse DEBUG where others can reach it: its error pages show settings and data."""
    strangers = sorted(set(settings.ALLOWED_HOSTS) - _LOCAL_HOSTS)
    if not settings.DEBUG or not strangers:
        return []
    hint = "Set DEBUG=false, or take the host out of ALLOWED_HOSTS."
    return [Error(f"DEBUG is on and the site answers as {', '.join(strangers)}.", hint=hint, id="banksite.E005")]


def requests_open_no_transaction(app_configs: Apps, **_: Any) -> list[CheckMessage]:  # noqa: ARG001  # Django passes it
    """Refuse ATOMIC_REQUESTS: an idempotent answer must be committed before it is given."""
    if not settings.DATABASES["default"].get("ATOMIC_REQUESTS"):
        return []
    return [Error("ATOMIC_REQUESTS is on.", hint="Services open their own transactions; turn it off.", id="banksite.E006")]


def role_is_known(app_configs: Apps, **_: Any) -> list[CheckMessage]:  # noqa: ARG001  # Django passes it
    """Refuse a role that no addresses, navigation and users were made for."""
    if settings.SITE["role"] in _ROLES:
        return []
    return [Error(f"SITE_ROLE is {settings.SITE['role']!r}.", hint=f"Use one of {', '.join(_ROLES)}.", id="banksite.E007")]


ALL = (
    keeps_assertions,
    sqlite_is_safe,
    tokens_can_be_revoked,
    debug_stays_at_home,
    requests_open_no_transaction,
    role_is_known,
)
