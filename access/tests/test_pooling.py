"""A pooler between a bank and its database is noticed before it does harm: a real PgBouncer."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.core.checks import run_checks
from django.db import connection

from access.pooling import shares_sessions
from banksite.machine.pgbouncer import ensure_pgbouncer
from banksite.machine.ports import LOOPBACK, free_ports, is_free
from banksite.machine.processes import start_child, stop_child, wait_until
from messaging.checks import WEB

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
Pool = Callable[[str], int]


@pytest.fixture
def pool() -> Iterator[Pool]:
    """Start a PgBouncer of a mode before this test's server; return its port."""
    there = connection.settings_dict
    with ExitStack() as stack:

        def start(mode: str) -> int:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="pool-")))
            folder.chmod(0o777)  # it runs as a user of its own
            [port] = free_ports(count=1)
            (folder / "pool.ini").write_text(
                f"[databases]\n* = host={there['HOST']} port={there['PORT']} user={there['USER']} password={there['PASSWORD']}\n"
                f"[pgbouncer]\nlisten_addr = {LOOPBACK}\nlisten_port = {port}\nauth_type = any\nunix_socket_dir =\npool_mode = {mode}\n"
                "ignore_startup_parameters = options, extra_float_digits\n"
            )
            pooler = start_child(
                [ensure_pgbouncer(), "-u", "postgres", folder / "pool.ini"], log=folder / "log", environment={}, last_signal=signal.SIGKILL
            )
            stack.callback(stop_child, pooler, patience_s=5)
            assert wait_until(lambda: not is_free(port=port), limit_s=20), (folder / "log").read_text()
            return port

        yield start


def at(port: int) -> bool:
    """Return whether sessions are shared at a port."""
    through = connection.copy()
    through.settings_dict = connection.settings_dict | {"PORT": port}
    return shares_sessions(through)


class TestAPooler:
    def test_is_noticed_in_transaction_mode(self, pool: Pool) -> None:
        assert at(pool("transaction"))

    def test_is_noticed_where_it_drops_the_settings_of_sessions(self, pool: Pool) -> None:
        assert at(pool("session"))

    def test_is_not_seen_where_there_is_none(self) -> None:
        assert not shares_sessions(connection)

    def test_keeps_a_web_server_from_starting_and_the_remedy_is_said(self, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(connection.settings_dict, "PORT", pool("transaction"))

        found = [each for each in run_checks(tags=[WEB], include_deployment_checks=True) if each.id == "messaging.E005"]

        assert len(found) == 1
        assert "PostgreSQL itself" in str(found[0].hint)
