"""The time as the database has it: what one process writes as a deadline, another judges by the same clock."""

import time
from datetime import datetime, timedelta

from django.db import Error, connection
from django.utils import timezone

from access.database_errors import discard_connection

_ASK_EVERY_S = 10.0


class DatabaseClock:
    """The database's time, asked every ten seconds and counted on between, so that a machine's wrong clock moves no deadline.

    On SQLite, which has no clock of its own, it is the machine's; also where the database has never answered yet.
    """

    def __init__(self) -> None:
        self._base: datetime | None = None
        self._asked_at = 0.0

    def now(self) -> datetime:
        """Return the time, in UTC; counts on where the database does not answer now, and raises nothing because of it."""
        if connection.vendor != "postgresql":
            return timezone.now()
        asked_at = time.monotonic()
        if self._base is None or not 0 <= asked_at - self._asked_at < _ASK_EVERY_S:
            try:
                self._base, self._asked_at = database_time(), asked_at
            except Error:
                discard_connection()
        return timezone.now() if self._base is None else self._base + timedelta(seconds=time.monotonic() - self._asked_at)


def database_time() -> datetime:
    """Return what time it is in the database, in UTC; on SQLite what time it is here."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found
