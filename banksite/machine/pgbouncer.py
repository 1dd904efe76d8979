"""PgBouncer, from Debian: for tests only, because a bank refuses to stand behind it."""

from pathlib import Path

from banksite.machine import apt


def ensure_pgbouncer() -> Path:
    """Return the program, installed when the machine has none."""
    return apt.ensure_program("pgbouncer", package="pgbouncer", provides="PgBouncer")
