"""One key, asked for by a crowd and through a crash: one transfer, and the same answer for everybody. On the real web server."""

import http.client
import json
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

import pytest
from django.db import connection

from access.models import IdempotencyKey
from access.roles import TELLER
from accounts.services import open_internal_accounts
from accounts.tests.people import ANNA, BRAM, CASH, NOON, balance, move, open_plainly, post
from banksite.machine.ports import LOOPBACK, free_ports
from banksite.machine.processes import start_child, stop_child, wait_until
from tests.api.bank import employ, token_of
from transfers.models import Transfer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
CROWD = 200
LIMIT_S = 60.0
ORDER = json.dumps(
    {"debtor": ANNA, "creditor": BRAM, "creditor_name": "Bram", "amount": {"amount_minor": 1_250, "currency": "EUR"}}
).encode()
Answer = tuple[int, bytes]


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Return where a web server of two workers serves this test's database."""
    [port] = free_ports(count=1)
    there = connection.settings_dict
    environment = {
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**there),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TOKEN_KEY_FILE": str(tmp_path / "token.key"),
        "LOG_LEVEL": "WARNING",
    }
    gunicorn = ("gunicorn", "tests.api.dying_web:application", "--bind", f"{LOOPBACK}:{port}", "--workers", "2", "--threads", "4")
    command: list[str | Path] = [
        Path(sys.executable).parent / gunicorn[0],
        *gunicorn[1:],
        "--backlog",
        str(2 * CROWD),
        "--no-control-socket",
    ]
    server = start_child(command, log=tmp_path / "web.log", environment=environment, last_signal=signal.SIGTERM)
    try:
        assert wait_until(lambda: is_alive(port), limit_s=LIMIT_S, every_s=0.1), (tmp_path / "web.log").read_text()
        yield port
    finally:
        stop_child(server, patience_s=10)


@pytest.fixture
def token() -> str:
    """Be a teller of a bank in which Anna has 100 euros."""
    open_internal_accounts(numbers=[CASH], now=NOON)
    open_plainly(ANNA, name="Anna")
    open_plainly(BRAM, name="Bram")
    post(move(CASH, ANNA, "100.00"))
    return token_of(employ("tess", TELLER))


def is_alive(port: int) -> bool:
    try:
        return ask(port, "GET", "/livez", {}) is not None
    except OSError:
        return False


def ask(port: int, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
    """Send one request on a connection of its own; raises OSError or HTTPException where no answer comes."""
    asked = http.client.HTTPConnection(LOOPBACK, port, timeout=LIMIT_S)
    try:
        asked.request(method, path, body, headers)
        answer = asked.getresponse()
        return answer.status, answer.read()
    finally:
        asked.close()


def pay(port: int, token: str, **more: str) -> Answer:
    """Send the order as the documentation says: again, with its key, while another request with the key is at work."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": "k", **more}
    answers: list[Answer] = []

    def is_answered() -> bool:
        answers.append(ask(port, "POST", "/api/v1/transfers", headers, ORDER))
        return answers[-1][0] != HTTPStatus.CONFLICT

    wait_until(is_answered, limit_s=LIMIT_S, every_s=0.2)
    return answers[-1]


class TestOneKey:
    def test_is_one_transfer_and_one_answer_for_two_hundred_at_once(self, port: int, token: str) -> None:
        with ThreadPoolExecutor(CROWD) as crowd:
            answers = list(crowd.map(lambda _: pay(port, token), range(CROWD)))

        [transfer] = Transfer.objects.filter(kind="internal")
        assert set(answers) == {answers[0]}
        assert (answers[0][0], json.loads(answers[0][1])["id"]) == (201, str(transfer.id))
        assert (balance(ANNA), balance(BRAM)) == ("87.50", "12.50")

    def test_outlives_a_process_that_is_killed_before_it_could_answer(self, port: int, token: str) -> None:
        with pytest.raises((http.client.HTTPException, OSError)):
            pay(port, token, Die="now")
        [transfer] = Transfer.objects.filter(kind="internal")
        kept = IdempotencyKey.objects.get(key="k")

        status, body = pay(port, token)

        assert (status, json.loads(body)) == (kept.status, json.loads(kept.body))
        assert (status, json.loads(body)["id"]) == (201, str(transfer.id))
        assert Transfer.objects.filter(kind="internal").count() == 1
        assert balance(BRAM) == "12.50"
