"""What every implementation of the Broker Protocol promises: one test over memory, librdkafka's mock and real Kafka."""

import time
from collections.abc import Callable, Iterator, Mapping
from uuid import uuid4

import pytest

from messaging.broker import Bounds, Broker, Consumer, Outgoing, Reader, Record, Topic
from messaging.errors import BrokerError, Fenced
from messaging.kafka import KafkaBroker, embedded_cluster
from messaging.memory import MemoryBroker

EMBEDDED = {"test.mock": "embedded"}


@pytest.fixture(scope="module")
def embedded() -> Iterator[str]:
    with embedded_cluster() as servers:
        yield servers


@pytest.fixture(params=["memory", "embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> Broker:
    if request.param == "memory":
        return MemoryBroker()
    if request.param == "embedded":
        return KafkaBroker(connection={"bootstrap.servers": request.getfixturevalue("embedded")}, transactions=True, embedded=True)
    servers = request.getfixturevalue("kafka_server").bootstrap_servers
    return KafkaBroker(connection={"bootstrap.servers": servers}, transactions=True, embedded=False)


@pytest.fixture
def topic(broker: Broker) -> str:
    name = f"letters-{uuid4().hex[:8]}"
    broker.create_topics(topics=[Topic(name=name, partitions=4)])
    return name


def write(broker: Broker, topic: str, *texts: str, partition: int = 0, name: str = "anna") -> None:
    producer = broker.producer(name=name)
    producer.publish(
        records=[Outgoing(topic=topic, partition=partition, value=text.encode(), headers=(("h", b"\x00\xff"),)) for text in texts]
    )
    producer.close()


def read(source: Consumer | Reader, *, count: int, limit_s: float = 15) -> list[Record]:
    """Poll until as many records came, or the time is over."""
    records: list[Record] = []
    until = time.monotonic() + limit_s
    while len(records) < count and time.monotonic() < until:
        records += source.poll(limit=100, timeout_s=0.2)
    return records


def bounds_when(
    broker: Broker, topic: str, settled: Callable[[Mapping[int, Bounds]], bool], *, limit_s: float = 15
) -> Mapping[int, Bounds]:
    """Ask until the logs are as expected or the time is over: Kafka marks a transaction as committed a moment after it said so."""
    until = time.monotonic() + limit_s
    while not settled(found := broker.bounds(topic=topic)) and time.monotonic() < until:
        continue
    return found


def from_start(partitions: object) -> dict[int, int]:
    return dict.fromkeys(partitions, 0)  # type: ignore[call-overload, no-any-return]


class TestABroker:
    def test_hands_over_what_was_written_in_order_and_unchanged(self, broker: Broker, topic: str) -> None:
        write(broker, topic, "first", "second", partition=2)

        consumer = broker.consumer(topic=topic, group=topic, positions=from_start)
        records = read(consumer, count=2)
        consumer.close()

        assert [(record.topic, record.partition, record.value, record.headers) for record in records] == [
            (topic, 2, b"first", (("h", b"\x00\xff"),)),
            (topic, 2, b"second", (("h", b"\x00\xff"),)),
        ]
        assert records[0].offset < records[1].offset

    def test_starts_each_partition_where_it_is_told(self, broker: Broker, topic: str) -> None:
        write(broker, topic, "first", "second", "third")
        first = broker.bounds(topic=topic)[0][0]

        consumer = broker.consumer(topic=topic, group=topic, positions=lambda partitions: from_start(partitions) | {0: first + 2})
        records = read(consumer, count=1)
        consumer.close()

        assert [record.value for record in records] == [b"third"]

    def test_begins_at_the_earliest_record_when_told_a_place_beyond_the_end(self, broker: Broker, topic: str) -> None:
        write(broker, topic, "first")

        consumer = broker.consumer(topic=topic, group=topic, positions=lambda partitions: dict.fromkeys(partitions, 1_000))
        records = read(consumer, count=1)
        consumer.close()

        assert [record.value for record in records] == [b"first"]

    def test_remembers_what_a_group_committed(self, broker: Broker, topic: str) -> None:
        write(broker, topic, "first")
        consumer = broker.consumer(topic=topic, group=topic, positions=from_start)
        read(consumer, count=1)

        consumer.commit(offsets={0: 1})
        consumer.poll(limit=1, timeout_s=0.2)
        consumer.close()

        assert broker.committed(topic=topic, group=topic, partitions=[0, 1]) == {0: 1}
        assert broker.committed(topic=topic, group="others", partitions=[0, 1]) == {}

    def test_tells_a_member_which_partitions_are_its_own(self, broker: Broker, topic: str) -> None:
        write(broker, topic, "first")
        consumer = broker.consumer(topic=topic, group=topic, positions=from_start)
        before = list(consumer.assigned())

        read(consumer, count=1)

        assert before == []
        assert sorted(consumer.assigned()) == [0, 1, 2, 3]
        consumer.close()

    def test_says_where_a_member_found_nothing_more(self, broker: Broker, topic: str) -> None:
        write(broker, topic, "first")
        consumer = broker.consumer(topic=topic, group=topic, positions=from_start)
        records = read(consumer, count=1)

        until = time.monotonic() + 10
        while len(consumer.ends()) < 4 and time.monotonic() < until:
            consumer.poll(limit=1, timeout_s=0.2)
        ends = dict(consumer.ends())
        consumer.close()

        assert ends[0] > records[0].offset
        assert {partition: ends[partition] for partition in (1, 2, 3)} == {1: 0, 2: 0, 3: 0}

    def test_says_in_which_partitions_something_waits(self, broker: Broker, topic: str) -> None:
        write(broker, topic, "first", partition=1)
        end = bounds_when(broker, topic, lambda found: found[1][1] >= 1)[1][1]

        before = broker.waiting(topic=topic, starts={0: 0, 1: 0, 2: 0})
        after = broker.waiting(topic=topic, starts={0: 0, 1: end})

        assert (before, after) == ({1}, set())

    def test_does_not_take_kafkas_own_marks_for_something_that_waits(self, broker: Broker, topic: str) -> None:
        write(broker, topic, "first", partition=1)

        assert broker.waiting(topic=topic, starts={1: 1}) == set()

    def test_says_where_each_log_ends(self, broker: Broker, topic: str) -> None:
        before = broker.bounds(topic=topic)

        write(broker, topic, "first", "second", partition=1)

        after = bounds_when(broker, topic, lambda found: found[1][1] >= 2)
        assert before == {0: (0, 0), 1: (0, 0), 2: (0, 0), 3: (0, 0)}
        assert after[1][1] >= 2
        assert after[0] == (0, 0)

    def test_reads_a_register_from_its_beginning_for_everybody(self, broker: Broker, topic: str) -> None:
        write(broker, topic, "version 1", "version 2")

        readers = [broker.reader(topic=topic) for _ in range(2)]
        records = [read(reader, count=2) for reader in readers]

        assert [[record.value for record in each] for each in records] == [[b"version 1", b"version 2"]] * 2
        assert all(_ends(reader) for reader in readers)
        for reader in readers:
            reader.close()

    def test_creates_topics_again_without_a_word(self, broker: Broker, topic: str) -> None:
        write(broker, topic, "first")

        broker.create_topics(topics=[Topic(name=topic, partitions=4)])

        assert broker.bounds(topic=topic)[0][1] >= 1

    def test_blames_the_partition_that_does_not_exist(self, broker: Broker, topic: str) -> None:
        with pytest.raises(BrokerError) as caught:
            write(broker, topic, "first", partition=77)

        assert caught.value.topics == {topic}

    def test_keeps_one_id_as_long_as_it_lives(self, broker: Broker) -> None:
        assert broker.cluster_id() == broker.cluster_id() != ""


class TestABrokerThatFences:
    @pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
    def broker(self, request: pytest.FixtureRequest) -> Broker:
        if request.param == "memory":
            return MemoryBroker()
        servers = request.getfixturevalue("kafka_server").bootstrap_servers
        return KafkaBroker(connection={"bootstrap.servers": servers}, transactions=True, embedded=False)

    def test_refuses_the_older_of_two_producers(self, broker: Broker, topic: str) -> None:
        record = Outgoing(topic=topic, partition=0, value=b"hello")
        name = f"relay-{topic}"
        broker.create_topics(topics=[Topic(name=topic, partitions=4)])
        older = broker.producer(name=name)
        older.publish(records=[record])

        younger = broker.producer(name=name)
        with pytest.raises(Fenced):
            older.publish(records=[record])
        older.close()
        younger.publish(records=[record])
        younger.close()

    def test_knows_no_topics_that_nobody_created(self, broker: Broker) -> None:
        assert broker.bounds(topic="nowhere") == {}
        reader = broker.reader(topic="nowhere")
        assert reader.poll(limit=1, timeout_s=0.1) == []
        assert reader.caught_up()
        reader.close()


def _ends(reader: Reader) -> bool:
    """Poll until the reader says it has seen everything."""
    until = time.monotonic() + 10
    poll: Callable[[], list[Record]] = lambda: reader.poll(limit=1, timeout_s=0.2)  # noqa: E731
    while not reader.caught_up() and time.monotonic() < until:
        poll()
    return reader.caught_up()
