"""The consumer: what counts, what does not, and that nothing is lost between the two."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from messaging import offsets
from messaging.consumer import TRIES, Consumer
from messaging.memory import MemoryBroker
from messaging.models import DeadLetter, StoredOffset
from messaging.tests.banks import NOON, Host, World, read_all, took_too_long


@pytest.fixture
def consumer(bert: World, host: Host) -> Consumer:
    return Consumer(broker=bert.broker, handlers=host.handlers)


def buried() -> dict[str, int]:
    return dict(DeadLetter.objects.order_by("reason").values_list("reason", "count"))


def stored(partition: int = 0) -> int:
    return StoredOffset.objects.get(topic="external-transfers.BNKB", partition=partition).next_offset


class TestAGoodMessage:
    def test_has_its_effect_at_a_time_after_it_was_fetched(self, bert: World, consumer: Consumer, host: Host) -> None:
        bert.send("hello")
        fetched = NOON + timedelta(seconds=7)

        for _ in range(3):
            consumer.turn(now=NOON, clock=lambda: fetched)

        assert host.told == ["hello"]
        assert StoredOffset.objects.get(partition=0).updated_at == fetched

    def test_has_its_effect_and_moves_the_offset(self, bert: World, consumer: Consumer, host: Host) -> None:
        bert.send("hello", partition=0)
        bert.send("again", partition=3)

        read_all(consumer, until=2)

        assert host.told == ["hello", "again"]
        assert (stored(0), stored(3)) == (1, 1)
        assert buried() == {}

    def test_tells_the_broker_how_far_it_came(self, bert: World, consumer: Consumer) -> None:
        bert.send("hello")

        read_all(consumer, until=1)

        topic = "external-transfers.BNKB"
        assert bert.broker.committed(topic=topic, group=topic, partitions=range(4)) == {0: 1}

    def test_is_handled_together_with_others_of_its_type(self, bert: World, consumer: Consumer, host: Host) -> None:
        for place in range(20):
            bert.send(f"hello {place}", items=1)

        read_all(consumer, until=20)

        assert host.batches == [20]

    def test_shares_a_transaction_with_at_most_two_thousand_items(self, bert: World, consumer: Consumer, host: Host) -> None:
        for place in range(5):
            bert.send(f"hello {place}", items=900)

        read_all(consumer, until=5)

        assert host.batches == [2, 1, 2]

    def test_is_not_read_before_the_directory_is_known(self, world: World, host: Host) -> None:
        world.send("hello")

        with world.bert.acting():
            consumer = Consumer(broker=world.broker, handlers=host.handlers)
            before = read_all(consumer, turns=3)
            world.publish_directory()
            after = read_all(consumer, until=1)

        assert (before, after, host.told, buried()) == (0, 1, ["hello"], {})


class TestTrouble:
    def test_of_the_database_is_waited_out_however_long_it_takes(self, bert: World, consumer: Consumer, host: Host) -> None:
        host.trouble = [OperationalError("canceling statement due to lock timeout") for _ in range(3 * TRIES)]
        bert.send("hello")

        read_all(consumer, until=1)

        assert host.told == ["hello"]
        assert buried() == {}

    def test_is_not_waited_out_for_longer_because_the_clock_was_set_back(self, bert: World, consumer: Consumer, host: Host) -> None:
        host.trouble = [OperationalError("canceling statement due to lock timeout")]
        bert.send("hello")
        read_all(consumer, turns=1)

        read_all(consumer, now=NOON - timedelta(hours=1), turns=2, until=1)

        assert host.told == ["hello"]

    def test_of_the_database_halves_the_batch_down_to_one_message(self, bert: World, consumer: Consumer, host: Host) -> None:
        host.trouble = [OperationalError("deadlock detected") for _ in range(9)]
        for place in range(8):
            bert.send(f"hello {place}")

        read_all(consumer, until=8)

        assert host.batches[0] == 1
        assert host.told == [f"hello {place}" for place in range(8)]

    def test_of_a_handler_is_tried_ten_times_and_then_stands_aside(self, bert: World, consumer: Consumer, host: Host) -> None:
        bert.send("hello")
        host.trouble = [KeyError("a bug") for _ in range(TRIES)]
        bert.send("good one")

        read_all(consumer, until=2)

        assert host.told == ["good one"]
        assert buried() == {"handler-failed": 1}
        assert host.trouble == []

    def test_of_a_database_that_is_slow_for_ten_minutes_costs_nothing(self, bert: World, consumer: Consumer, host: Host) -> None:
        host.trouble = [took_too_long() for _ in range(5 * TRIES)]
        bert.send("hello")

        for minute in range(10):
            read_all(consumer, now=NOON + timedelta(minutes=minute), turns=5)
        host.trouble = []
        read_all(consumer, now=NOON + timedelta(minutes=10), until=1)

        assert host.told == ["hello"]
        assert buried() == {}

    def test_of_a_statement_that_takes_too_long_for_longer_is_tried_ten_times_and_then_stands_aside(
        self, bert: World, consumer: Consumer, host: Host
    ) -> None:
        host.trouble = [took_too_long() for _ in range(10 * TRIES)]
        bert.send("hello")
        bert.send("good one")

        read_all(consumer, turns=5)
        for minute in range(11, 40):
            host.trouble = [] if buried() else host.trouble
            read_all(consumer, now=NOON + timedelta(minutes=minute), turns=1)

        assert host.told == ["good one"]
        assert buried() == {"handler-failed": 1}

    def test_of_a_handler_that_passes_costs_nothing(self, bert: World, consumer: Consumer, host: Host) -> None:
        host.trouble = [KeyError("a bug") for _ in range(TRIES - 1)]
        bert.send("hello")

        read_all(consumer, until=1)

        assert host.told == ["hello"]
        assert StoredOffset.objects.get(partition=0).attempts == 0

    def test_of_a_handler_that_ends_the_process_is_counted_too(self, bert: World, host: Host) -> None:
        bert.send("killer")
        bert.send("good one")
        starts = 0
        while stored_or_none() != 2 and starts < 3 * TRIES:
            host.trouble = [] if stored_or_none() == 1 else [Died()]  # type: ignore[list-item]
            starts += 1
            try:
                read_all(Consumer(broker=bert.broker, handlers=host.handlers), turns=4)
            except Died:
                continue

        assert host.told == ["good one"]
        assert buried() == {"handler-failed": 1}
        assert TRIES <= starts <= TRIES + 2

    def test_of_the_broker_is_met_with_a_new_client(self, bert: World, consumer: Consumer, host: Host) -> None:
        broker = bert.broker
        assert isinstance(broker, MemoryBroker)
        read_all(consumer, turns=2)
        broker.wipe()
        bert.open_letter_boxes()
        bert.publish_directory()
        bert.send("after the flood")

        read_all(consumer, until=1)

        assert host.told == ["after the flood"]
        assert StoredOffset.objects.get(partition=0).cluster_id == broker.cluster_id()


class Died(BaseException):
    """The process ended."""


def stored_or_none() -> int | None:
    row = StoredOffset.objects.filter(partition=0).first()
    return row.next_offset if row else None


class TestAZombie:
    def test_changes_nothing_once_another_read_on(self, bert: World, host: Host) -> None:
        zombie_host = Host()
        zombie = Consumer(broker=bert.broker, handlers=zombie_host.handlers)
        read_all(zombie, turns=2)
        bert.send("hello")
        read_all(Consumer(broker=bert.broker, handlers=host.handlers), until=1)

        first = zombie.turn(now=NOON + timedelta(hours=1))

        assert first == 0
        assert (host.told, zombie_host.told) == (["hello"], [])

    def test_goes_on_behind_the_other(self, bert: World, host: Host) -> None:
        zombie_host = Host()
        zombie = Consumer(broker=bert.broker, handlers=zombie_host.handlers)
        read_all(zombie, turns=2)
        bert.send("hello")
        read_all(Consumer(broker=bert.broker, handlers=host.handlers), until=1)
        bert.send("again")

        read_all(zombie, now=NOON + timedelta(hours=1), until=1)

        assert zombie_host.told == ["again"]


class TestAnOffset:
    def test_may_not_be_other_than_expected(self, bert: World, consumer: Consumer) -> None:
        read_all(consumer, turns=2)

        with pytest.raises(offsets.Moved):
            offsets.lock(topic="external-transfers.BNKB", expected={0: 5})

    def test_that_nobody_prepared_cannot_be_read_from(self, bert: World) -> None:
        with pytest.raises(offsets.Moved):
            offsets.stored(topic="external-transfers.BNKB", partitions=[0])
