"""Opening the banks: tables, roles, keys, sample customers, the head bank's register; then the servers of each."""

import http.client
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from banksite.demo.banks import CHECKOUT, PARTITIONS, DemoBank, environment_of, manage, write_env_file
from banksite.demo.parts import Parts
from banksite.demo.supervisor import Job, Supervisor
from banksite.machine.errors import MachineError
from banksite.machine.ports import LOOPBACK

_MIGRATE = ("migrate", "--verbosity", "0")
_OPENING = (("open_bank",), ("seed_demo",))
_READY_LIMIT_S = 60.0
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # gunicorn's heartbeat file; on a disk a busy machine would stall it


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One bank of this demo with what its processes run on."""

    bank: DemoBank
    head_bank: DemoBank
    parts: Parts

    def command(self, *arguments: str, fine: tuple[int, ...] = (0,), name: str = "") -> Job:
        """Return a command of this bank as a job that answers."""
        name = f"{self.bank.code} {name or arguments[0]}"
        return Job(name=name, command=manage(*arguments), environment=self.environment(), answers=True, fine=fine)

    def server(self, *arguments: str) -> Job:
        """Return a command of this bank as a job that goes on."""
        return Job(name=f"{self.bank.code} {arguments[0]}", command=manage(*arguments), environment=self.environment())

    def web(self) -> Job:
        """Return the bank's web server; it gets SIGTERM when we die, to take its workers with it."""
        beat: list[str | Path] = ["--worker-tmp-dir", _SHARED_MEMORY] if _SHARED_MEMORY.is_dir() else []
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "gunicorn",
            "banksite.wsgi",
            "--bind",
            f"{LOOPBACK}:{self.bank.port}",
            "--threads",
            "4",
            *beat,
        ]
        command += ["--graceful-timeout", "2", "--pythonpath", CHECKOUT]
        return Job(name=f"{self.bank.code} web", command=command, environment=self.environment(), last_signal=signal.SIGTERM)

    def environment(self) -> Mapping[str, str]:
        """Return what its processes are configured with."""
        database_url = self.parts.database_urls[self.bank.code]
        return environment_of(self.bank, head_bank=self.head_bank, database_url=database_url, broker=self.parts.broker)


def open_banks(supervisor: Supervisor, *, branches: Sequence[Branch]) -> str:
    """Give every bank its tables, roles, keys and samples, the head bank its first two banks; return who may sign in. Safe to repeat."""
    head, first, second, _ = branches
    _make_tables(supervisor, branches)
    seeded = supervisor.run(*([branch.command(*words) for words in _OPENING] for branch in branches))
    supervisor.run(*([_registration(branch, at=head)] for branch in (first, second)))
    return seeded[-1].answer


def _make_tables(supervisor: Supervisor, branches: Sequence[Branch]) -> None:
    """Bring every database up to date; making all tables takes longest, so it is done once for all banks that have none."""
    new = [branch for branch in branches if not branch.parts.has_database(branch.bank)]
    jobs = [branch.command(*_MIGRATE) for branch in branches if branch not in new]
    if new:
        database = {"DATABASE_URL": new[0].parts.empty_url}
        jobs.append(replace(new[0].command(*_MIGRATE, name="empty"), environment={**new[0].environment(), **database}))
    supervisor.run(*([job] for job in jobs))
    for branch in new:
        branch.parts.give_tables(branch.bank)


def _registration(branch: Branch, *, at: Branch) -> Job:
    return at.command(
        "register_bank",
        *("--code", branch.bank.code, "--name", branch.bank.name),
        *("--key", str(branch.bank.public_key), "--partitions", str(PARTITIONS)),
        name=f"register_bank {branch.bank.code}",
    )


def start_servers(supervisor: Supervisor, *, branches: Sequence[Branch]) -> None:
    """Start what every bank consists of and wait until its pages answer."""
    for branch in branches:
        write_env_file(branch.bank, branch.environment())
        supervisor.keep(branch.web())
        supervisor.keep(branch.server("relay_outbox"))
        supervisor.keep(branch.server("consume_transfers"))
        supervisor.keep(branch.server("housekeep", "--every", "10"))
        if not branch.bank.is_head_bank:
            supervisor.keep(branch.server("deliver_webhooks"))
    for branch in branches:
        log = supervisor.log_of(branch.web().name)
        late = MachineError(problem=f"the pages of {branch.bank.name} do not answer", remedy=f"see {log}")
        supervisor.wait_until(partial(answers, branch.bank, "/readyz"), limit_s=_READY_LIMIT_S, otherwise=late)


def answers(bank: DemoBank, path: str) -> bool:
    """Return whether the bank's web server answers 200 at this path."""
    connection = http.client.HTTPConnection(LOOPBACK, bank.port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()
