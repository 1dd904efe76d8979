"""The people of these tests, the moment they live in, and ways to do many things at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.models import Permission
from django.db import connection
from django.utils import timezone

from access import second_factor
from access.models import User

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def employ(username: str, *permissions: str) -> User:
    """Return a new member of staff who holds the permissions."""
    user = User.objects.create_user(username=username, is_staff=True)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def code_of(secret: str) -> str:
    """Return what an app with this secret shows now."""
    return str(format_hotp_value(hotp_value(secret, int(timezone.now().timestamp()) // 30)))


def enrol(user: User) -> tuple[str, list[str]]:
    """Let a user sign in with a second factor from now on; return its secret and the recovery codes."""
    secret = second_factor.new_secret()
    codes = second_factor.enrol(user=user, secret=secret, code=code_of(secret))
    assert codes
    return secret, codes


def at_once(works: Sequence[Callable[[], object]]) -> list[Any]:
    """Run every work in a thread and connection of its own; return results, or what was raised, in order."""

    def run(work: Callable[[], object]) -> object:
        try:
            return work()
        except BaseException as error:  # noqa: BLE001  # what a thread raised is an outcome to assert on
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def until_somebody_waits() -> None:
    """Return once another session waits for a lock of this one's."""
    with connection.cursor() as cursor:
        for _ in range(2_000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.001)")
    raise AssertionError("nobody waited")
