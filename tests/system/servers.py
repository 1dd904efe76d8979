"""A PostgreSQL that can be treated as only a crash would."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress

from banksite.machine.postgres import PostgresServer
from banksite.machine.processes import kill_child


class FragilePostgres(PostgresServer):
    """A server whose sessions, or all of it, die at once; a copy can take a database's place as a backup would."""

    def kill(self) -> None:
        """End every process of the server as a crash would; the next start recovers from the log."""
        assert self._process is not None, "it runs"
        others = [int(pid) for pid in self._query("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()").split()]
        kill_child(self._process)  # first the one that would restart the others
        for pid in others:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process = None

    def end_sessions(self, databases: Sequence[str]) -> None:
        """End every session of these databases, whatever it is doing."""
        names = ", ".join(f"'{name}'" for name in databases)
        self._query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ({names})")

    def put_back(self, copy: str, *, over: str) -> None:
        """Replace a database by an earlier copy of it, as an operator who restores a backup."""
        self._query(f'DROP DATABASE "{over}"')
        self._query(f'ALTER DATABASE "{copy}" RENAME TO "{over}"')
