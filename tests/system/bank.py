"""One bank of these tests: its processes, each of which can die alone, and a look into its database from here."""

import http.client
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import environ
from django.core.management import call_command
from django.db import DatabaseError, InterfaceError, connections
from django.db.utils import ConnectionHandler, load_backend

from access.site import Site, acting_as
from banksite import settings as bank_settings
from banksite.demo.banks import CHECKOUT, CURRENCIES, PARTITIONS, DemoBank, environment_of, manage
from banksite.machine.ports import LOOPBACK
from banksite.machine.processes import kill_child, last_lines, start_child, stop_child, wait_until
from messaging import signing
from messaging.letter_box import topic_of

RELAY, CONSUMER, DELIVERER = "relay_outbox", "consume_transfers", "deliver_webhooks"
LIMIT_S = 60.0  # of any wait: far longer than anything takes, even where every core is busy


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended and what it said."""

    code: int
    said: str


@dataclass(kw_only=True)
class Bank:
    """A bank with its own database, keys and environment; nothing but the broker is shared with the others."""

    bank: DemoBank
    head: DemoBank
    database_url: str
    broker: Mapping[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return self.bank.code

    @property
    def database(self) -> str:
        return self.code.lower()

    @property
    def letter_box(self) -> str:
        return topic_of(code=self.code)

    @property
    def key(self) -> signing.SigningKey:
        return signing.load_key_file(file=self.bank.message_key)

    def begin(self, job: str, *arguments: str, name: str = "") -> None:
        """Start a command that goes on; `name` tells a second one of its kind from the first."""
        self.begin_program(manage(job, *arguments), name=name or job)

    def begin_program(self, command: list[str | Path], *, name: str, last_signal: signal.Signals = signal.SIGKILL) -> None:
        assert name not in self.running, f"{self.code} {name} runs"
        log, environment = self._log(name), self._environment()
        self.running[name] = start_child(command, log=log, environment=environment, last_signal=last_signal)

    def kill(self, name: str) -> None:
        """End a process as a crash would."""
        kill_child(self.running.pop(name))

    def stop(self, name: str) -> None:
        """Ask a process to end and wait until it has."""
        stop_child(self.running.pop(name), patience_s=30)

    def ask_to_end(self, name: str) -> None:
        """Ask a process to end, once: a second signal would end it at once, with whatever is under way."""
        self.running[name].terminate()

    def wait_for_end(self, name: str) -> int:
        """Wait until a process that was asked to end has; return its exit code."""
        return self.running.pop(name).wait(timeout=LIMIT_S)

    def freeze(self, name: str) -> None:
        """Let no time pass for a process."""
        self.running[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a process go on as if nothing had happened."""
        self.running[name].send_signal(signal.SIGCONT)

    def is_running(self, name: str) -> bool:
        return self.running[name].poll() is None

    def end_all(self) -> None:
        """End every process at once: there is nothing left to prove."""
        for name in list(self.running):
            self.kill(name)

    def run(self, *arguments: str) -> Done:
        """Run a command to its end."""
        environment = {**os.environ, **self._environment()}
        done = subprocess.run(
            manage(*arguments), cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False, timeout=LIMIT_S
        )
        return Done(code=done.returncode, said=done.stdout + done.stderr)

    def must_run(self, *arguments: str) -> str:
        """Run a command that has to succeed; return what it said."""
        done = self.run(*arguments)
        assert done.code == 0, f"{self.code} {' '.join(arguments)}: {done.said}"
        return done.said

    def said(self, name: str) -> str:
        """Return the end of what a process wrote."""
        return last_lines(self._log(name), count=5)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be this bank: its database, over a connection of its own, and its identity."""
        with _connected(self.database_url), acting_as(self._site()):
            yield

    def _site(self) -> Site:
        return Site(
            role=self.bank.role,
            code=self.code,
            name=self.bank.name,
            country="NL",
            currencies=CURRENCIES,
            approval_limits=dict.fromkeys(CURRENCIES, 1_000_000),
            outgoing_fees={"EUR": 10},
            head_bank_key=self.head.public_key.read_text().strip() if self.head.public_key.exists() else "",
            letter_box_partitions=PARTITIONS,
            message_key_file=self.bank.message_key,
            token_key_file=self.bank.folder / "token.key",
        )

    def _environment(self) -> dict[str, str]:
        usual = environment_of(self.bank, head_bank=self.head, database_url=self.database_url, broker=self.broker)
        return usual | {
            "RESEND_FIRST_S": "1",  # any sooner, and a busy machine sends again what is being answered
            "RESEND_MAX_S": "2",
            "WEBHOOKS_RETRY_FIRST_S": "0.2",
            "WEBHOOKS_RETRY_MAX_S": "1",
            "MESSAGE_KEY_OVERLAP_S": "4",
            "DJANGO_SETTINGS_MODULE": "banksite.settings",
        }

    def _log(self, name: str) -> Path:
        return self.bank.folder / f"{name}.log"


def until(condition: Callable[[], bool], *, what: str) -> None:
    """Wait for a condition, not for a time; a database that is away now may be back at the next look."""

    def holds() -> bool:
        try:
            return condition()
        except (DatabaseError, InterfaceError):
            return False

    assert wait_until(holds, limit_s=LIMIT_S, every_s=0.1), f"still waiting: {what}"


def answers(port: int, path: str) -> bool:
    """Return whether a web server answers 200 there."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def migrate(database_url: str) -> None:
    """Give a database every table and trigger of a bank."""
    with _connected(database_url):
        call_command("migrate", verbosity=0)


@contextmanager
def _connected(database_url: str) -> Iterator[None]:
    """Let this thread work on another database, over a connection of its own."""
    configured = environ.Env.db_url_config(database_url) | {"OPTIONS": bank_settings._POSTGRESQL_OPTIONS}
    wrapper = load_backend(configured["ENGINE"]).DatabaseWrapper(ConnectionHandler({"default": configured}).settings["default"], "default")
    before = connections["default"]
    connections["default"] = wrapper
    try:
        yield
    finally:
        wrapper.close()
        connections["default"] = before
