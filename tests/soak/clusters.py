"""A bank's PostgreSQL in a soak run: a cluster of its own behind a gate, with a standby that can take its place."""

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from banksite.machine.errors import MachineError
from banksite.machine.processes import wait_until
from tests.soak.gate import Gate
from tests.system.servers import FragilePostgres

_SYNC_S = 60.0


class Standby(FragilePostgres):
    """A streaming copy of a primary, made when it starts."""

    def __init__(self, *, folder: Path, primary: "FragilePostgres", settings: Mapping[str, str]) -> None:
        super().__init__(folder=folder, settings=settings)
        self._primary = primary

    def promote(self) -> None:
        """Become a primary; returns when writes are accepted."""
        self._query("SELECT pg_promote(true, 30)")

    def _make_cluster(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        at = urlsplit(self._primary.url_of("postgres"))
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(at.password or "")
        connection = f"host={at.hostname} port={at.port} user={at.username} password={at.password}"
        done = self._run("pg_basebackup", "-D", str(self._data), "-R", "-X", "stream", "-c", "fast", "-d", connection)
        if done.returncode != 0:
            raise MachineError(problem=f"no standby ({done.stderr.strip()})", remedy="see the primary's log")


class Cluster:
    """The database of one bank: a primary, the gate in front of it, and the server that a failover makes the next primary."""

    def __init__(self, *, folder: Path, name: str, settings: Mapping[str, str]) -> None:
        self._folder, self.name, self._settings = folder, name, settings
        self._number = 0
        self._stack = ExitStack()
        self.primary = FragilePostgres(folder=folder / f"{name}-0", settings=settings)
        self.primary.start()
        self.gate = self._stack.enter_context(Gate(target=self.primary.port))

    @property
    def url(self) -> str:
        """Return the DATABASE_URL of the bank, through the gate."""
        direct = self.primary.url_of(self.name)
        return direct.replace(f":{self.primary.port}/", f":{self.gate.port}/")

    def connect(self) -> psycopg.Connection:
        """Connect to the primary itself, past the gate, as a judge from outside."""
        return psycopg.connect(self.primary.url_of(self.name), autocommit=True)

    def execute(self, statement: str) -> None:
        """Run one statement at the primary, past the gate."""
        with self.connect() as connection:
            connection.execute(statement)

    def fail_over(self) -> None:
        """Make a synchronous standby, kill the primary, promote the standby and lead the gate there: no commit is lost."""
        self._number += 1
        standby = Standby(folder=self._folder / f"{self.name}-{self._number}", primary=self.primary, settings=self._settings)
        standby.start()
        self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.execute("SELECT pg_reload_conf()")
        assert wait_until(self._is_synchronous, limit_s=_SYNC_S), f"the standby of {self.name} keeps up"
        self.primary.kill()
        standby.promote()
        self.primary, self.gate.target = standby, standby.port
        self.gate.cut()

    def close(self) -> None:
        """End the gate and the server."""
        self._stack.close()
        self.primary.stop()

    def _is_synchronous(self) -> bool:
        with self.connect() as connection:
            return bool(connection.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone())
