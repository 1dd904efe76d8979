"""Continuing the event stream after the database went back, so that no id or place is given to two different events."""

import logging
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max

from transfers import stream
from transfers.models import StreamRestart, TransferEvent

logger = logging.getLogger(__name__)
_TABLE = TransferEvent._meta.db_table
_COUNTED_FROM = datetime(2026, 1, 1, tzinfo=UTC)


def restart_event_stream(*, now: datetime) -> int:
    """Let ids and places of events go on beyond all that were ever told; return the first id.

    They go on at the number of microseconds since 2026: no bank writes a million events a second, so whatever a lost database gave out is
    below. Waits until no transaction writes events; on PostgreSQL at most five seconds, then raises OperationalError.
    """
    with transaction.atomic(durable=True):
        _keep_writers_out()
        newest = TransferEvent.objects.aggregate(id=Max("id"), xid=Max("xid"))
        first = max((now - _COUNTED_FROM) // timedelta(microseconds=1), (newest["id"] or 0) + 1, (newest["xid"] or 0) + 1)
        shift = _continue_at(first)
        StreamRestart.objects.create(first=first, shift=shift, database=stream.database(), at=now)
    logger.warning("events.restarted", extra={"first": first})
    return first


def keep_event_stream(*, now: datetime, limit: int = 1) -> int:  # noqa: ARG001  # as every task of housekeeping
    """Restart the event stream where the database was restored or failed over, or a recovery began; return how often: 0 or 1."""
    if not StreamRestart.objects.exists():
        StreamRestart.objects.create(first=0, shift=0, database=stream.database(), at=now)
    if not stream.needs_restart():
        return 0
    restart_event_stream(now=now)
    return 1


def _keep_writers_out() -> None:
    """Wait for those who write events, and let none in before the end of the transaction; SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # PostgreSQL alters no table that has deferred checks waiting
            cursor.execute(f"LOCK TABLE {_TABLE} IN ACCESS EXCLUSIVE MODE")


def _continue_at(first: int) -> int:
    """Let the ids of events go on at `first`, and their places too; return what transactions' ids are raised by.

    The column's default is changed instead of its rows: no event costs more, and every process writes by it from the next event on.
    """
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [_TABLE])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [_TABLE, first - 1])
            return 0
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        shift = first - int(cursor.fetchone()[0])
        cursor.execute(f"ALTER TABLE {_TABLE} ALTER COLUMN xid SET DEFAULT pg_current_xact_id()::text::bigint + {shift:d}")
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", [_TABLE, first])
    return shift
