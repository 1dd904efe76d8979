"""What a worker shows of itself: its counts, and whether its turns go on."""

import http.client
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError
from prometheus_client import REGISTRY

from banksite.machine.ports import LOOPBACK, free_ports
from messaging import directory, watching
from messaging.consumer import Consumer
from messaging.errors import BrokerError
from messaging.memory import MemoryBroker
from messaging.stop import Stop
from messaging.tests.banks import NOON, Host, World, read_all, relay_of
from messaging.tests.test_relay import enqueue
from messaging.watching import watched


@pytest.fixture
def port(settings: Any) -> int:
    port = free_ports(count=1)[0]
    settings.METRICS_LISTEN = f"{LOOPBACK}:{port}"
    return port


def ask(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def rise(name: str, **labels: str) -> Callable[[], float]:
    """Return what tells by how much a number has risen since now."""
    before = REGISTRY.get_sample_value(name, labels) or 0
    return lambda: (REGISTRY.get_sample_value(name, labels) or 0) - before


def broken(_step: str) -> None:
    raise BrokerError("no broker answers")


class TestTheDoor:
    def test_shows_what_is_counted(self, port: int) -> None:
        with watched(Stop()):
            status, page = ask(port, "/metrics")

        assert status == 200
        assert "bank_records_handled_total" in page

    def test_says_whether_turns_go_on(self, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
        stop = Stop()
        with watched(stop):
            turning = ask(port, "/livez")
            monkeypatch.setattr(watching, "STANDSTILL_S", -1.0)
            standing = ask(port, "/livez")

        assert (turning, standing) == ((200, "turning\n"), (503, "standing still\n"))

    def test_leads_nowhere_else_and_is_closed_at_the_end(self, port: int) -> None:
        with watched(Stop()):
            status, _ = ask(port, "/admin/")

        assert status == 404
        with pytest.raises(ConnectionRefusedError):
            ask(port, "/metrics")

    def test_is_not_there_unless_asked_for(self, settings: Any) -> None:
        settings.METRICS_LISTEN = ""

        with watched(Stop()) as stop:
            assert not stop.is_set()

    @pytest.mark.parametrize("place", ["nowhere", "127.0.0.1:http", "203.0.113.9:9100"])
    def test_that_cannot_be_opened_says_what_to_change(self, place: str, settings: Any) -> None:
        settings.METRICS_LISTEN = place

        with pytest.raises(CommandError, match=f"METRICS_LISTEN={place}.*HOST:PORT"), watched(Stop()):
            pass


class TestAStop:
    def test_knows_for_how_long_nobody_asked(self) -> None:
        seconds = iter((100, 190, 200, 200))
        stop = Stop(clock=lambda: next(seconds))

        stood = stop.standstill_s()
        stop.is_set()

        assert (stood, stop.standstill_s()) == (90, 0)

    def test_waits_as_long_as_it_was_told_and_no_longer_than_wanted(self) -> None:
        stop = Stop()

        assert stop.wait(0.01) is False
        stop.set()
        assert stop.wait(3600) is True


class TestARelay:
    def test_counts_what_it_publishes_by_what_it_is(self, bert: World) -> None:
        risen = {kind: rise("bank_messages_published_total", kind=kind) for kind in ("request", "answer", "repeat")}
        directory.take(document=bert.document(), now=NOON)
        relay = relay_of(bert.bert, bert)
        enqueue("a request")
        enqueue("an answer", is_request=False)

        relay.turn(now=NOON)
        relay.turn(now=NOON + timedelta(minutes=5))

        assert {kind: by() for kind, by in risen.items()} == {"request": 1, "answer": 1, "repeat": 1}

    def test_counts_the_turns_a_broker_spoils(self, bert: World) -> None:
        spoiled = rise("bank_relay_trouble_total", cause="broker")
        assert isinstance(bert.broker, MemoryBroker)
        bert.broker.hook = broken

        directory.take(document=bert.document(), now=NOON)
        enqueue("a request")

        relay_of(bert.bert, bert).turn(now=NOON)

        assert spoiled() == 1


class TestAConsumer:
    def test_counts_what_it_settles_and_shows_how_far_it_is_behind(self, bert: World, host: Host) -> None:
        handled = rise("bank_records_handled_total")
        for number in range(3):
            bert.send(f"greeting {number}", partition=2)
        consumer = Consumer(broker=bert.broker, handlers=host.handlers)

        read_all(consumer, until=3)
        bert.send("one more", partition=2)
        for second in (60, 61):  # the first finds that the time to look has come
            consumer.turn(now=NOON + timedelta(seconds=second))

        assert handled() == 4
        assert REGISTRY.get_sample_value("bank_consumer_lag_records", {"partition": "2"}) == 1
        assert (REGISTRY.get_sample_value("bank_directory_heard_timestamp_seconds") or 0) >= NOON.timestamp()

    def test_shows_how_often_in_a_row_it_failed(self, bert: World, host: Host) -> None:
        host.trouble = [RuntimeError("a bug"), RuntimeError("a bug")]
        bert.send("hello")
        consumer = Consumer(broker=bert.broker, handlers=host.handlers)

        for second in range(2):
            consumer.turn(now=NOON + timedelta(seconds=second))
        failing = REGISTRY.get_sample_value("bank_worker_failures_in_a_row")
        read_all(consumer, now=NOON + timedelta(minutes=1), until=1)

        assert failing
        assert REGISTRY.get_sample_value("bank_worker_failures_in_a_row") == 0
