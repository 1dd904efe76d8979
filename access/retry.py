"""Doing a whole transaction again when the database says it lost a race."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import Error, InterfaceError, OperationalError, connection

from access.database_errors import discard_connection, is_stale_session, is_unavailable
from access.sets import StaleRows

T = TypeVar("T")

_PAUSE_S = 0.02
_LOCK_TIMEOUT = "55P03"
_CANCELLED = "57014"  # by `statement_timeout`
_SQLSTATES = frozenset({"40001", "40P01", _LOCK_TIMEOUT})
_SQLITE_PRIMARY_CODES = frozenset({5, 6})  # SQLITE_BUSY, SQLITE_LOCKED; the low byte of the extended codes


def is_transient(error: BaseException) -> bool:
    """Return whether the same work may succeed if the transaction is done again: a lost race, a deadlock, a lock not given in time."""
    if isinstance(error, StaleRows):
        return True
    cause = error.__cause__
    if not isinstance(error, OperationalError) or cause is None:
        return False
    sqlite_code = getattr(cause, "sqlite_errorcode", None)
    return getattr(cause, "sqlstate", None) in _SQLSTATES or (sqlite_code is not None and sqlite_code & 0xFF in _SQLITE_PRIMARY_CODES)


def is_lock_timeout(error: BaseException) -> bool:
    """Return whether PostgreSQL gave up waiting for a lock (`lock_timeout`)."""
    return getattr(error.__cause__, "sqlstate", None) == _LOCK_TIMEOUT


def will_pass(error: BaseException) -> bool:
    """Return whether the database, not the work, is at fault: a lost race or connection, but no statement that took too long."""
    return (isinstance(error, OperationalError | InterfaceError) or is_unavailable(error)) and not took_too_long(error)


def took_too_long(error: BaseException) -> bool:
    """Return whether PostgreSQL ended a statement (`statement_timeout`): the database is slow now, or the statement always is."""
    return isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", None) == _CANCELLED


def in_transaction() -> bool:
    """Return whether a transaction of ours is open; the one a test case wraps around itself does not count (as for `durable`)."""
    return bool(connection.atomic_blocks) and not getattr(connection.atomic_blocks[-1], "_from_testcase", False)


def joining(work: Callable[[], T]) -> T:
    """Run `work` as part of the caller's transaction when there is one, which is then the caller's to repeat; else as `retrying` does."""
    return work() if in_transaction() else retrying(work)


def retrying(work: Callable[[], T], *, attempts: int = 5) -> T:
    """Run `work`, which opens its own transaction, again after a transient error, with a growing random pause; the last error is raised.

    A session that is stale wrote nothing: it is replaced, and the work is done over a new one. Never inside a transaction: what failed
    there has broken the whole of it.
    """
    assert not in_transaction(), "a retry inside a transaction repeats work on a broken one"
    for attempt in range(1, attempts):
        try:
            return work()
        except Error as error:
            if is_stale_session(error):
                discard_connection()
            elif not is_transient(error):
                raise
        time.sleep(random.uniform(0, _PAUSE_S * 2**attempt))  # noqa: S311  # spreads competitors, guards no secret
    return work()
