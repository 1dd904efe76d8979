"""Processes of a bank that die, stand still or meet a second one of their kind, in the middle of traffic."""

import csv
import signal
import sys
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Account
from banksite.machine.ports import LOOPBACK, free_ports
from messaging.models import Lease
from tests.system.bank import CONSUMER, RELAY, Bank, answers, until
from tests.system.town import Town, Traffic, both_ways, checking_accounts, holder_of_lease
from transfers.models import Transfer
from transfers.payments_file import COLUMNS

pytestmark = pytest.mark.kafka
CHUNK = 1_000  # lines that are booked in one transaction


class TestAProcessThatIsKilled:
    def test_loses_nothing_as_a_relay(self, town: Town) -> None:
        with Traffic(*both_ways(town)) as traffic:
            town.anna.kill(RELAY)
            town.bert.kill(RELAY)
            town.go_to_work()
            traffic.goes_on()
        town.come_to_rest()

        assert town.differences() == []

    def test_loses_nothing_as_a_consumer(self, town: Town) -> None:
        with Traffic(*both_ways(town)) as traffic:
            town.anna.kill(CONSUMER)
            town.bert.kill(CONSUMER)
            town.go_to_work()
            traffic.goes_on()
        town.come_to_rest()

        assert town.differences() == []

    def test_stops_nothing_as_a_web_server_and_serves_again(self, town: Town) -> None:
        port = free_ports(count=1)[0]
        begin_web(town.anna, port=port)

        with Traffic(*both_ways(town)) as traffic:
            town.anna.kill("web")
            traffic.goes_on()
            begin_web(town.anna, port=port)
        town.come_to_rest()

        assert town.differences() == []


class TestAPaymentsFile:
    @pytest.fixture
    def file(self, town: Town, tmp_path: Path) -> Path:
        """Return a file of a whole chunk and a little of the next, of which only the second pays from the last account."""
        ours, theirs = checking_accounts(town.anna), checking_accounts(town.bert)
        file = tmp_path / "payday.csv"
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            for line in range(CHUNK + 50):
                payer = ours[line % (len(ours) - 2)] if line < CHUNK else ours[-1]
                payee = theirs[line % len(theirs)] if line % 2 else ours[-2]
                writer.writerow((f"payday-{line}", payer.number, payee.number, payee.holder_name, "0.01", "EUR", "payday"))
        return file

    def test_is_booked_once_although_its_import_was_killed_and_begun_again(self, town: Town, file: Path) -> None:
        bank = town.anna
        with bank.inside(), transaction.atomic():
            Account.objects.select_for_update().get(number=checking_accounts(bank)[-1].number)  # the second chunk waits here
            bank.begin("import_payments", str(file), "--as", "teller", name="import")
            until(lambda: booked(bank) == CHUNK, what="the first chunk is booked")
            bank.kill("import")

        again = bank.must_run("import_payments", str(file), "--as", "teller")
        town.come_to_rest()

        assert f"{CHUNK} repeated" in again
        assert booked(bank) == CHUNK + 50
        assert town.differences() == []


class TestASecondRelay:
    def test_takes_over_from_one_that_stood_still_and_wakes_up(self, town: Town) -> None:
        bank = town.anna
        with Traffic(*both_ways(town)) as traffic:
            first = holder_of_lease(bank)
            bank.freeze(RELAY)
            bank.begin(RELAY, name="second relay")
            until(lambda: end_lease(bank, of=first), what="the second relay takes the lease")
            traffic.goes_on(4)
            bank.thaw(RELAY)  # it believes for some seconds that it may publish
            traffic.goes_on()
            second = holder_of_lease(bank)
            alive = [bank.is_running(RELAY), bank.is_running("second relay")]
        town.come_to_rest()

        assert second != first
        assert alive == [True, True]
        assert town.differences() == []


class TestTwoConsumers:
    @pytest.fixture
    def both(self, town: Town) -> Bank:
        """Let a second consumer join at the second bank."""
        town.bert.begin(CONSUMER, name="second consumer")
        return town.bert

    def test_share_the_letter_box_and_the_one_that_stays_takes_all(self, town: Town, both: Bank) -> None:
        with Traffic(*both_ways(town)) as traffic:
            traffic.goes_on(20)
            both.stop(CONSUMER)
            traffic.goes_on(20)
        town.come_to_rest()

        assert town.differences() == []

    def test_decide_once_although_one_wakes_up_on_partitions_it_lost(self, town: Town, both: Bank) -> None:
        with Traffic(*both_ways(town)) as traffic:
            traffic.goes_on()
            both.freeze(CONSUMER)
            traffic.catches_up()  # without it: its partitions have a new owner
            both.thaw(CONSUMER)
            traffic.goes_on(20)
            alive = [both.is_running(CONSUMER), both.is_running("second consumer")]
        town.come_to_rest()

        assert alive == [True, True]
        assert town.differences() == []


def begin_web(bank: Bank, *, port: int) -> None:
    """Start the bank's web server and wait until it is ready."""
    command: list[str | Path] = [sys.executable, "-m", "gunicorn", "banksite.wsgi", "--bind", f"{LOOPBACK}:{port}", "--threads", "2"]
    bank.begin_program(command, name="web", last_signal=signal.SIGTERM)
    until(lambda: answers(port, "/readyz"), what=f"the pages of {bank.code} answer")


def booked(bank: Bank) -> int:
    """Return how many payments of the file were booked, each of them once."""
    with bank.inside():
        ids = list(
            Transfer.objects.filter(end_to_end_id__startswith="payday-", kind__in=("internal", "outgoing")).values_list(
                "end_to_end_id", flat=True
            )
        )
    assert len(set(ids)) == len(ids), "a line was booked twice"
    return len(ids)


def end_lease(bank: Bank, *, of: str) -> bool:
    """Let the lease run out for one holder, as a clock that is ahead would see it; return whether another has it now."""
    with bank.inside():
        Lease.objects.filter(name="relay", holder=of).update(until=timezone.now())
    return holder_of_lease(bank) not in {"", of}
