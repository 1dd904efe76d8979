"""Clients that send slowly, or stop: none of them holds a thread of the web server, under its shipped settings."""

import http.client
import json
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.db import connection

from access.roles import TELLER
from accounts.services import open_internal_accounts
from accounts.tests.people import ANNA, CASH, NOON, balance, open_plainly
from banksite.machine.ports import LOOPBACK, free_ports
from banksite.machine.processes import start_child, stop_child, wait_until
from tests.api.bank import bank_with_keys, employ, token_of

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
CROWD, PATIENCE_S = 60, 10.0
THREADS = 4  # of one of the two workers: one may accept everything
HEAD = b"POST /api/v1/deposits HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
STALLED = {
    "a body that stops": HEAD + b"Content-Length: 500\r\n\r\n{",
    "a body that never begins": HEAD + b"Content-Length: 500\r\n\r\n",
    "a head that stops": HEAD + b"X-Some",
    "a chunk that stops": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "nothing at all": b"",
}


@pytest.fixture
def port(tmp_path: Path, db: None) -> Iterator[int]:
    """Return where a web server runs as the image starts it, on this test's database."""
    [port] = free_ports(count=1)
    there = connection.settings_dict
    environment = {
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**there),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TOKEN_KEY_FILE": str(tmp_path / "token.key"),
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    shipped = ("banksite.wsgi", "--config", "python:banksite.web_server", "--workers", "2", "--threads", "4")
    with bank_with_keys(tmp_path):
        command: list[str | Path] = [Path(sys.executable).parent / "gunicorn", *shipped, "--bind", f"{LOOPBACK}:{port}"]
        server = start_child(command, log=tmp_path / "web.log", environment=environment, last_signal=signal.SIGTERM)
        try:
            assert wait_until(lambda: is_alive(port), limit_s=60, every_s=0.1), (tmp_path / "web.log").read_text()
            yield port
        finally:
            stop_child(server, patience_s=20)
            assert "Traceback" not in (tmp_path / "web.log").read_text()


def is_alive(port: int) -> bool:
    try:
        return ask(port, "GET", "/livez") == 200
    except OSError:
        return False


def ask(port: int, method: str, path: str, body: bytes | None = None, *, patience_s: float = PATIENCE_S, **headers: str) -> int:
    asked = http.client.HTTPConnection(LOOPBACK, port, timeout=patience_s)
    try:
        asked.request(method, path, body, headers)
        answer = asked.getresponse()
        answer.read()
        return answer.status
    finally:
        asked.close()


def deposit(port: int, *, key: str) -> int:
    open_internal_accounts(numbers=[CASH], now=NOON)
    open_plainly(ANNA, name="Anna")
    token = token_of(employ(f"tess-{key}", TELLER))
    body = json.dumps({"account": ANNA, "amount": {"amount_minor": 500, "currency": "EUR"}}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    return ask(port, "POST", "/api/v1/deposits", body, **headers)  # type: ignore[arg-type]  # no patience among them


class TestAClientThatStops:
    @pytest.mark.parametrize("sent", STALLED.values(), ids=STALLED)
    def test_takes_no_thread_however_many_they_are(self, port: int, sent: bytes) -> None:
        with ExitStack() as stalled:
            for _ in range(CROWD):
                client = stalled.enter_context(socket.create_connection((LOOPBACK, port), timeout=PATIENCE_S))
                client.sendall(sent)

            answers = [ask(port, "GET", "/livez"), ask(port, "GET", "/readyz"), deposit(port, key="k")]

        assert answers == [200, 200, 201]
        assert balance(ANNA) == "5.00"


class TestAServerWhoseThreadsAreBusy:
    def test_says_that_it_lives(self, port: int) -> None:
        open_internal_accounts(numbers=[CASH], now=NOON)
        tokens = [token_of(employ(f"tess-{place}", TELLER)) for place in range(8 * THREADS)]
        with ThreadPoolExecutor(len(tokens)) as crowd, locked("access_user"):
            waiting = [crowd.submit(ask, port, "GET", "/api/v1/me", Authorization=f"Bearer {token}") for token in tokens]
            wait_until(lambda: sessions_that_wait() >= THREADS, limit_s=PATIENCE_S)

            alive = ask(port, "GET", "/livez", patience_s=1.0)
            still = sessions_that_wait()

        assert still >= THREADS
        assert alive == 200
        assert {future.result() for future in waiting} <= {200, 503}


@contextmanager
def locked(table: str) -> Iterator[None]:
    """Let every statement about a table wait."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
            cursor.execute("ROLLBACK")
    finally:
        other.close()


def sessions_that_wait() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return int(cursor.fetchone()[0])


class TestARequest:
    def test_that_comes_byte_by_byte_is_answered(self, port: int) -> None:
        with socket.create_connection((LOOPBACK, port), timeout=PATIENCE_S) as client:
            for byte in b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n":
                client.sendall(bytes([byte]))

            assert read(client).startswith(b"HTTP/1.1 200")

    def test_behind_another_on_one_connection_is_answered_too(self, port: int) -> None:
        one = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        with socket.create_connection((LOOPBACK, port), timeout=PATIENCE_S) as client:
            client.sendall(one + one + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

            assert read(client).count(b"HTTP/1.1 200") == 3

    def test_in_chunks_is_read_whole(self, port: int) -> None:
        with socket.create_connection((LOOPBACK, port), timeout=PATIENCE_S) as client:
            client.sendall(HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")

            assert read(client).startswith(b"HTTP/1.1 401")

    def test_that_waits_for_a_word_gets_it(self, port: int) -> None:
        with socket.create_connection((LOOPBACK, port), timeout=PATIENCE_S) as client:
            client.sendall(HEAD + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            word = client.recv(100)
            client.sendall(b"{}")

            assert word.startswith(b"HTTP/1.1 100")
            assert b"HTTP/1.1 401" in read(client)

    def test_larger_than_any_is_refused_unread(self, port: int) -> None:
        with socket.create_connection((LOOPBACK, port), timeout=PATIENCE_S) as client:
            client.sendall(HEAD + b"Content-Length: 9000000000\r\n\r\n")

            assert read(client).startswith(b"HTTP/1.1 413")


def read(client: socket.socket) -> bytes:
    """Return what the server sends until it closes."""
    data = b""
    while more := client.recv(65_536):
        data += more
    return data
