"""Which database errors are about the database and its connections, not about what was asked of them."""

import logging
from contextlib import suppress

from django.db import Error, InterfaceError, OperationalError, connection

RETRY_AFTER_S = 5

# SQLSTATE classes and codes of PostgreSQL (appendix A of its manual).
_LOST = ("08", "57P", "25P03", "53300")  # connection exceptions, shut down or terminated, idle too long, too many connections
_STALE = {"25006"}  # a server that became read-only under the session, as after a failover
_BUSY = ("53", "58", "57014", "55P03", "40001", "40P01")  # resources, system, statement or lock timeout, races
_CACHED_PLAN = "cached plan must not change result type"  # 0A000 means other things, too
_SQLITE_BUSY = frozenset({5, 6})  # SQLITE_BUSY, SQLITE_LOCKED; the low byte of the extended codes


def is_unavailable(error: BaseException) -> bool:
    """Return whether the database cannot answer now, or not over this connection: the same request may succeed in some seconds."""
    if isinstance(error, InterfaceError):
        return True
    code = _code_of(error)
    return isinstance(error, Error) and (ends_connection(error) or code.startswith(_BUSY) or _is_sqlite_busy(error))


def ends_connection(error: BaseException) -> bool:
    """Return whether the connection is no good any more: every later statement over it would fail as well."""
    if isinstance(error, InterfaceError) or is_stale_session(error):
        return True
    cause = error.__cause__
    never_connected = isinstance(error, OperationalError) and hasattr(cause, "sqlstate") and not _code_of(error)
    return isinstance(error, Error) and (never_connected or _code_of(error).startswith(_LOST))


def is_stale_session(error: BaseException) -> bool:
    """Return whether a statement was refused because of what the session remembers; nothing was written, a new session may do it."""
    return isinstance(error, Error) and (_code_of(error) in _STALE or _CACHED_PLAN in str(error))


def discard_connection() -> None:
    """Close this thread's connection, so that the next query makes a new one; raises nothing."""
    with suppress(Error):
        connection.close()


class WithoutTraceback(logging.Filter):
    """Keeps tracebacks of an unavailable database out of the log: they say nothing about our code."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the line through, without the traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and is_unavailable(error):
            record.exc_info = record.exc_text = None
            record.msg, record.args = f"the database is not available ({first_line(error)})", ()
        return True


def first_line(error: BaseException) -> str:
    """Return what the database said, in one line."""
    return str(error).strip().partition("\n")[0]


def _code_of(error: BaseException) -> str:
    return str(getattr(error.__cause__, "sqlstate", None) or "")


def _is_sqlite_busy(error: BaseException) -> bool:
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _SQLITE_BUSY
