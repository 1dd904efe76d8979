"""The people of these tests, the moment they live in, and a way to do many things at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.db import connection

from access.models import User

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def employ(username: str, *permissions: str) -> User:
    """Return a new member of staff who holds the permissions."""
    user = User.objects.create_user(username=username, is_staff=True)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


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
