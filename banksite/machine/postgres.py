"""A PostgreSQL server of our own: own folder, own port, gone when we are."""

import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from banksite.machine import apt
from banksite.machine.errors import MachineError
from banksite.machine.homes import home_of_user
from banksite.machine.ports import LOOPBACK, free_ports
from banksite.machine.processes import identity_of, last_lines, start_child, stop_child, wait_until
from banksite.machine.progress import say

OLDEST_VERSION = 15
_OWNER = "bank"  # superuser of our own cluster
_RUNS_AS = "postgres"  # PostgreSQL refuses to run as root
_START_LIMIT_S = 60.0
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin")
_WITHOUT_DURABILITY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def ensure_postgres() -> Path:
    """Return the folder of the newest PostgreSQL's programs, installed from Debian when the machine has none."""
    if (found := _find()) is None:
        apt.install("postgresql", provides=f"PostgreSQL {OLDEST_VERSION} or newer")
        found = _find()
    if found is None:
        raise MachineError(
            problem=f"the installed PostgreSQL is older than {OLDEST_VERSION}", remedy=f"install PostgreSQL {OLDEST_VERSION} or newer"
        )
    return found


class PostgresServer:
    """One server on the loopback interface, with a password of its own in its folder.

    `fsync=False` is for tests alone: a crash of the machine may then lose everything. Start it from the main
    thread (see `start_child`).
    """

    def __init__(self, *, folder: Path, port: int | None = None, fsync: bool = True, settings: Mapping[str, str] | None = None) -> None:
        self._programs = ensure_postgres()
        self._user = _RUNS_AS if os.geteuid() == 0 else None
        self._home = home_of_user(folder=folder, user=self._user)
        self._data, self._log, self._password_file = self._home / "data", self._home / "postgres.log", self._home / "password"
        self._settings = ({} if fsync else _WITHOUT_DURABILITY) | (dict(settings) if settings else {})
        self._sync = [] if fsync else ["--no-sync"]
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port or free_ports(count=1)[0]

    def start(self) -> None:
        """Make the data folder at the first time, start, and wait until it answers; raise MachineError if it does not."""
        if not (self._data / "PG_VERSION").exists():
            self._make_cluster()
        self._wait_for_predecessor()
        self._process = start_child(self._command(), log=self._log, user=self._user, last_signal=signal.SIGQUIT)
        wait_until(lambda: self._answers() or self._ended(), limit_s=_START_LIMIT_S)
        if not self._answers():
            self.stop()
            raise MachineError(
                problem=f"PostgreSQL did not start ({last_lines(self._log, count=2)})", remedy=f"mend the cause; its log is {self._log}"
            )
        say("PostgreSQL", f"listens on {LOOPBACK}:{self.port}")

    def stop(self) -> None:
        """End every session and stop; nothing happens when it does not run."""
        if self._process is not None:
            stop_child(self._process, patience_s=30, with_signal=signal.SIGINT)  # SIGINT: roll back what is open, then stop
            self._process = None

    def create_database(self, name: str) -> str:
        """Create the database unless it exists; return its DATABASE_URL."""
        if not self.has_database(name):
            self._query(f'CREATE DATABASE "{name}"')
        return self.url_of(name)

    def copy(self, database: str, *, to: str) -> None:
        """Copy a database that nobody uses now."""
        self._query(f'CREATE DATABASE "{to}" TEMPLATE "{database}"')

    def has_database(self, name: str) -> bool:
        """Return whether there is a database of this name."""
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
            raise ValueError(f"not a plain database name: {name!r}")
        return self._query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'") == "1"  # noqa: S608  # a plain name, as just checked

    def url_of(self, name: str) -> str:
        """Return the DATABASE_URL of a database, whether it exists or not."""
        return f"postgres://{_OWNER}:{self._password()}@{LOOPBACK}:{self.port}/{name}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _make_cluster(self) -> None:
        say("PostgreSQL", "making a new cluster")
        shutil.rmtree(self._data, ignore_errors=True)  # what an interrupted attempt left
        self._write_password()
        made = self._run(
            "initdb", *self._sync, "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", f"--username={_OWNER}",
            f"--pwfile={self._password_file}", f"--pgdata={self._data}",
        )  # fmt: skip
        if made.returncode != 0:
            raise MachineError(
                problem=f"PostgreSQL's initdb failed ({made.stderr.strip().splitlines()[-1]})",
                remedy=f"mend the cause or delete {self._home}",
            )

    def _write_password(self) -> None:
        self._password_file.unlink(missing_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_hex(16))
        if self._user is not None:
            shutil.chown(self._password_file, user=self._user)

    def _password(self) -> str:
        return self._password_file.read_text()

    def _command(self) -> list[str]:
        fixed = {"listen_addresses": LOOPBACK, "port": str(self.port), "unix_socket_directories": "", "timezone": "UTC"}
        options = [part for name, value in (fixed | self._settings).items() for part in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self._data), *options]

    def _wait_for_predecessor(self) -> None:
        """Give a server whose parent just died the time to leave the data folder."""
        lock = self._data / "postmaster.pid"
        wait_until(lambda: not lock.exists() or not _is_alive(int(lock.read_text().split()[0])), limit_s=15)

    def _answers(self) -> bool:
        return self._run("pg_isready", "-q", "-h", LOOPBACK, "-p", str(self.port)).returncode == 0

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _query(self, statement: str) -> str:
        done = self._run(
            "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", LOOPBACK, "-p", str(self.port), "-U", _OWNER, "-c", statement,
            "postgres",
        )  # fmt: skip
        if done.returncode != 0:
            raise MachineError(problem=f"PostgreSQL refused `{statement}` ({done.stderr.strip()})", remedy=f"see its log, {self._log}")
        return done.stdout.strip()

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "LC_ALL": "C"}
        if self._password_file.exists():
            environment["PGPASSWORD"] = self._password()
        return subprocess.run(
            [str(self._programs / program), *arguments],
            cwd="/",  # our own folder may be closed to the user it runs as
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            **identity_of(self._user),
        )


def _find() -> Path | None:
    on_path = [Path(path).resolve().parent] if (path := shutil.which("postgres")) else []
    places = on_path + [place for pattern in _PLACES for place in Path("/").glob(pattern.removeprefix("/"))]
    usable = [(version, place) for place in places if (version := _version(place)) >= OLDEST_VERSION]
    return max(usable)[1] if usable else None


def _version(place: Path) -> int:
    if not all((place / name).exists() for name in ("initdb", "postgres", "psql", "pg_isready")):
        return 0
    said = subprocess.run([place / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    return int(found.group()) if (found := re.search(r"\d+", said)) else 0


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
