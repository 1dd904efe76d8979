"""A worker that fails again and again is seen by others, for as long as it does nothing else."""

from datetime import timedelta

import pytest

from messaging import directory
from messaging.broker import Record
from messaging.consumer import Consumer
from messaging.errors import BrokerError
from messaging.memory import MemoryBroker
from messaging.models import WorkerFailure
from messaging.tests.banks import NOON, Host, World, read_all, relay_of
from messaging.worker_state import ALARM_AFTER, failing_workers, forget_ended_workers

OFTEN = ALARM_AFTER + 1


class TestAConsumer:
    @pytest.fixture
    def consumer(self, bert: World, host: Host) -> Consumer:
        return Consumer(broker=bert.broker, handlers=host.handlers)

    def test_that_failed_eight_times_in_a_row_is_named_with_its_last_error(self, bert: World, consumer: Consumer, host: Host) -> None:
        host.trouble = [KeyError("a bug") for _ in range(ALARM_AFTER)]
        bert.send("hello")

        read_all(consumer, turns=ALARM_AFTER - 1)
        before = failing_workers(now=NOON + timedelta(seconds=42))
        read_all(consumer, now=NOON + timedelta(seconds=48), turns=1)

        (row,) = failing_workers(now=NOON + timedelta(seconds=50))
        assert before == []
        assert (row.job, row.failures, row.error, row.since) == ("consumer", ALARM_AFTER, "KeyError", NOON)

    def test_is_named_no_more_once_it_handled_a_record(self, bert: World, consumer: Consumer, host: Host) -> None:
        host.trouble = [KeyError("a bug") for _ in range(OFTEN)]
        bert.send("hello")

        read_all(consumer, until=1)

        assert host.told == ["hello"]
        assert not WorkerFailure.objects.exists()

    def test_stays_counted_when_a_poll_returns_nothing_although_a_record_waits(self, bert: World, host: Host) -> None:
        broker = bert.broker
        assert isinstance(broker, MemoryBroker)
        bert.send("hello")
        consumer = Consumer(broker=broker, handlers=host.handlers)
        broker.read = _Withholding()  # type: ignore[method-assign]  # as a client does that cannot make a record

        read_all(consumer, turns=2 * OFTEN)

        (row,) = failing_workers(now=NOON + timedelta(seconds=12 * OFTEN))
        assert row.failures >= ALARM_AFTER

    def test_that_ended_while_it_failed_is_not_named_for_long_and_then_forgotten(self, bert: World, consumer: Consumer, host: Host) -> None:
        host.trouble = [KeyError("a bug") for _ in range(ALARM_AFTER)]
        bert.send("hello")
        read_all(consumer, turns=ALARM_AFTER)

        named = failing_workers(now=NOON + timedelta(minutes=5))
        forgotten = forget_ended_workers(now=NOON + timedelta(days=2))

        assert named == []
        assert forgotten == 1


class TestARelay:
    def test_that_failed_eight_times_in_a_row_is_named_until_it_succeeds(self, bert: World) -> None:
        broker = bert.broker
        assert isinstance(broker, MemoryBroker)
        directory.take(document=bert.document(), now=NOON)
        relay = relay_of(bert.bert, bert)
        broker.cluster_id = _away  # type: ignore[method-assign]  # as a broker that does not answer

        for second in range(0, 2 * OFTEN, 2):
            relay.turn(now=NOON + timedelta(seconds=second))
        named = [row.job for row in failing_workers(now=NOON + timedelta(seconds=2 * OFTEN))]
        del broker.cluster_id
        relay.turn(now=NOON + timedelta(minutes=1))

        assert named == ["relay"]
        assert not WorkerFailure.objects.exists()


class _Withholding:
    """Reading that fails and returns nothing in turn."""

    def __init__(self) -> None:
        self._fails = iter([True, False] * OFTEN)

    def __call__(self, *, topic: str, positions: dict[int, int], limit: int) -> list[Record]:
        if next(self._fails):
            raise BrokerError("a record could not be made")
        return []


def _away() -> str:
    raise BrokerError("no broker answers")
