"""PgBouncer, from Debian: for tests only, because a bank refuses to stand behind it."""

import shutil
from pathlib import Path

from banksite.machine import apt
from banksite.machine.errors import MachineError

_PLACES = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin"  # not on everybody's PATH


def ensure_pgbouncer() -> Path:
    """Return the program, installed when the machine has none."""
    if (found := shutil.which("pgbouncer", path=_PLACES)) is None:
        apt.install("pgbouncer", provides="PgBouncer")
        found = shutil.which("pgbouncer", path=_PLACES)
    if found is None:
        raise MachineError(problem="PgBouncer is installed but not found", remedy=f"put it into one of {_PLACES} and run this again")
    return Path(found)
