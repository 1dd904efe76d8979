"""Many spend at once: exactly what an account can afford leaves it, and nobody sees a deadlock."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction

from access.retry import retrying
from access.tests.people import at_once
from accounts import books, ledger
from accounts.models import BalanceStripe
from accounts.tests.people import ANNA, BRAM, CARLA, CASH, DIRK, FEES, NOON, balance, furnish, move
from accounts.tests.spender import spend

pytestmark = [pytest.mark.money, pytest.mark.django_db(transaction=True)]
CROWD = 8


@pytest.fixture(autouse=True)
def bank() -> Iterator[None]:
    furnish(anna="50.00", bram="50.00", carla="50.00", dirk="50.00")
    yield
    with transaction.atomic():
        assert list(books.recompute()) == []


class TestManyThreads:
    def test_spend_exactly_what_one_balance_affords(self) -> None:
        spent = at_once([lambda: spend(rounds=10, debit=ANNA, credit=FEES) for _ in range(CROWD)])

        assert (sum(spent), balance(ANNA), balance(FEES)) == (50, "0.00", "50.00")

    def test_capture_a_hold_once(self) -> None:
        reserved = ledger.Hold(hold_id=move(ANNA, BRAM, "1.00").transfer_id, account=ANNA, amount=move(ANNA, BRAM, "50.00").amount)
        _post([reserved])

        outcomes = at_once([lambda: _post([move(ANNA, BRAM, "10.00", releases_hold=reserved.hold_id)]) for _ in range(CROWD)])

        assert sum(outcome == [ledger.Posted()] for outcome in outcomes) == 1
        assert balance(ANNA) == "40.00"

    def test_pay_each_other_in_opposite_directions_around_a_ring(self) -> None:
        ring = [ANNA, BRAM, CARLA, DIRK]

        def pay_around(start: int) -> int:
            turn = ring[start % 4 :] + ring[: start % 4]
            pairs = list(zip(turn, turn[1:] + turn[:1], strict=True))
            if start % 2:
                pairs = [(credit, debit) for debit, credit in reversed(pairs)]
            return sum(outcome == ledger.Posted() for _ in range(6) for outcome in _post([move(*pair, "0.01") for pair in pairs]))

        posted = at_once([lambda start=start: pay_around(start) for start in range(CROWD)])  # type: ignore[misc]

        assert posted == [24] * CROWD

    def test_credit_one_striped_account_without_losing_a_cent(self) -> None:
        at_once([lambda: [_post([move(CASH, BRAM, "0.01"), move(ANNA, CASH, "0.01")]) for _ in range(10)] for _ in range(CROWD)])

        assert (balance(CASH), balance(ANNA), balance(BRAM)) == ("-200.00", "49.20", "50.80")

    @pytest.mark.postgres
    def test_write_to_different_stripes(self) -> None:
        at_once([lambda: _post([move(CASH, BRAM, "0.01")]) for _ in range(CROWD)])

        assert BalanceStripe.objects.filter(account__number=CASH, debits_minor__gt=0).count() > 1


class TestManyProcesses:
    def test_spend_exactly_what_one_balance_affords(self, tmp_path: Path) -> None:
        environment = _for_processes(tmp_path)

        spent = [_start(environment, f"print(spend(rounds=10, debit=ANNA, credit={credit!r}))") for credit in (BRAM, CARLA, FEES)]
        bram, carla, fees = [int(_answer(process)) for process in spent]

        assert (bram + carla + fees, min(bram, carla, fees) >= 0) == (50, True)
        left = _start(environment, "print(balance(ANNA), balance(BRAM), balance(CARLA), balance(FEES))")
        assert _answer(left) == f"0.00 {50 + bram}.00 {50 + carla}.00 {fees}.00"


def _post(steps: list[ledger.Step]) -> list[object]:
    def once() -> list[object]:
        with transaction.atomic():
            return list(ledger.post(steps=steps, booked_at=NOON))

    return retrying(once, attempts=20)


def _for_processes(folder: Path) -> dict[str, str]:
    """Return the environment of processes that share a database: this test's, or a file with the same people where it is in memory."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    there = connection.settings_dict
    if connection.vendor == "postgresql":
        return environment | {"DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**there)}
    environment["DATABASE_URL"] = f"sqlite:///{folder / 'bank.sqlite3'}"
    _answer(_start(environment, 'call_command("migrate", verbosity=0); furnish(anna="50.00", bram="50.00", carla="50.00", dirk="50.00")'))
    return environment


def _start(environment: dict[str, str], code: str) -> "subprocess.Popen[str]":
    """Start a process that runs the code among the people of these tests."""
    imports = (
        "from django.core.management import call_command; from accounts.tests.people import *; from accounts.tests.spender import spend"
    )
    command = [sys.executable, "-c", f"import django; django.setup(); {imports}; {code}"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def _answer(process: "subprocess.Popen[str]") -> str:
    """Wait for the process to end well and return what it printed."""
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return output.strip()
