"""Whether the database gives each connection a session of its own, which prepared statements, locks and settings of sessions need."""

from django.db.backends.base.base import BaseDatabaseWrapper


def shares_sessions(connection: BaseDatabaseWrapper) -> bool:
    """Return whether a pooler hands one session to several connections, as PgBouncer does in transaction mode; asks over two of its own.

    The first ends a transaction, and the second begins one: a pooler gives the second the session that was just given back. One that keeps
    the settings asked for at the connection from the session is told by their absence. Raises what the database raises.
    """
    if connection.vendor != "postgresql":
        return False
    first, second = connection.copy(), connection.copy()
    try:
        before = _ask(first, "SELECT pg_backend_pid()")
        with second.cursor() as cursor:
            cursor.execute("BEGIN")
            other = _ask(second, "SELECT pg_backend_pid()")
            after = _ask(first, "SELECT pg_backend_pid()")
            cursor.execute("ROLLBACK")
        wanted = "lock_timeout=" in str(connection.settings_dict["OPTIONS"].get("options", ""))
        return other == before or after != before or (wanted and _ask(first, "SHOW lock_timeout") == "0")
    finally:
        first.close()
        second.close()


def _ask(connection: BaseDatabaseWrapper, statement: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]
