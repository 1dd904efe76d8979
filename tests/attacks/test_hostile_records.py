"""Records that no bank writes, on librdkafka's own broker and on Kafka: none stops a consumer, and all others are handled."""

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import Producer
from django.utils import timezone

from banksite.machine.kafka import KafkaServer
from messaging import directory
from messaging.consumer import Consumer
from messaging.kafka import KafkaBroker
from messaging.kafka.cluster import embedded_cluster
from messaging.models import DeadLetter, StoredOffset
from messaging.tests.banks import Host, World
from tests.kafka_wire import GZIP, RawRecord, batch, produce
from tests.records import RecordFuzzer, await_handled

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def servers(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "kafka":
        server: KafkaServer = request.getfixturevalue("kafka_server")
        yield server.bootstrap_servers
    else:
        with embedded_cluster() as found:
            yield found


@pytest.fixture
def is_embedded(request: pytest.FixtureRequest) -> bool:
    return bool(request.node.callspec.params["servers"] == "embedded")


@pytest.fixture
def world(servers: str, is_embedded: bool, tmp_path: Path) -> World:
    broker = KafkaBroker(connection={"bootstrap.servers": servers}, transactions=False, embedded=is_embedded)
    codes = ["".join(random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=4)) for _ in range(2)]
    world = World(broker=broker, folder=tmp_path, codes=(codes[0], codes[1]))
    if is_embedded:
        _touch(servers, [f"external-transfers.{code}" for code in codes])
    world.open_letter_boxes()
    document = world.document()
    world.publish_directory(document)
    with world.bert.acting():
        directory.take(document=document, now=timezone.now())
    return world


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def consumer(world: World, host: Host) -> Iterator[Consumer]:
    with world.bert.acting():
        consumer = Consumer(broker=world.broker, handlers=host.handlers)
        yield consumer
        consumer.close()


def topic_of(world: World) -> str:
    return f"external-transfers.{world.bert.code}"


def reasons(world: World) -> dict[str, int]:
    """Return what became dead letters of the bank's own topic: the register is shared with the other tests on Kafka."""
    return dict(DeadLetter.objects.filter(topic=topic_of(world)).order_by("reason").values_list("reason", "count"))


class TestARecordThatTheClientCannotHandOver:
    def test_fails_alone_and_leaves_its_place(self, world: World, servers: str, consumer: Consumer, host: Host) -> None:
        hostile = RawRecord(value=b"whatever", headers=[(b"\xff\xfe", b"1")])
        world.send("before", partition=1)
        for _ in range(12):  # more often than it takes until CPython calls the client the fast way
            produce(servers, topic=topic_of(world), partition=1, batch=batch([hostile]))
        world.send("after", partition=1)

        slowest = await_handled(consumer, lambda: "after" in host.told, world=world)

        letter = DeadLetter.objects.get(topic=topic_of(world))
        assert host.told == ["before", "after"]
        assert (letter.reason, letter.count, bytes(letter.value), letter.partition) == ("headers-unreadable", 12, b"whatever", 1)
        assert StoredOffset.objects.get(topic=topic_of(world), partition=1).next_offset > letter.offset
        assert slowest < 5

    @pytest.mark.parametrize("servers", ["embedded"], indirect=True)  # all tests on Kafka share its register
    def test_does_not_stop_who_reads_the_register_of_banks(self, world: World, servers: str, consumer: Consumer, host: Host) -> None:
        produce(servers, topic="bank-directory", partition=0, batch=batch([RawRecord(key=b"k", value=b"x", headers=[(b"\xff", b"1")])]))
        world.send("hello")

        await_handled(consumer, lambda: "hello" in host.told, world=world)

        assert host.told == ["hello"]
        assert DeadLetter.objects.get().reason == "headers-unreadable"


class TestABatchThatTheClientCannotRead:
    @pytest.mark.parametrize("codec", [1, 2, 3, 4])
    def test_is_passed_with_its_place(  # noqa: PLR0917  # pytest passes by name
        self, world: World, servers: str, consumer: Consumer, host: Host, is_embedded: bool, codec: int
    ) -> None:
        broken = batch([RawRecord(value=b"1"), RawRecord(value=b"2")], codec=codec, payload=b"\xff\xff\xff\xff\xff no compression")
        world.send("before", partition=2)
        answers = [produce(servers, topic=topic_of(world), partition=2, batch=broken) for _ in range(2)]
        world.send("between", partition=2)
        answers.append(produce(servers, topic=topic_of(world), partition=2, batch=broken))
        world.send("after", partition=2)

        slowest = await_handled(consumer, lambda: "after" in host.told, world=world)

        assert host.told == ["before", "between", "after"]
        assert slowest < 5
        if is_embedded:  # Kafka itself refuses such a batch
            places = list(DeadLetter.objects.order_by("offset").values_list("reason", "item"))
            assert places == [("batch-unreadable", "2:2"), ("batch-unreadable", "2:4"), ("batch-unreadable", "2:7")]
        else:
            assert 0 not in answers


class TestARecordThatIsSmallOnTheWire:
    def test_is_kept_small(self, world: World, servers: str, consumer: Consumer, host: Host, is_embedded: bool) -> None:
        bomb = batch([RawRecord(value=b"0" * 20_000_000)], codec=GZIP)
        world.send("before")
        answer = produce(servers, topic=topic_of(world), partition=0, batch=bomb)
        world.send("after")

        await_handled(consumer, lambda: "after" in host.told, world=world)

        assert len(bomb) < 50_000
        assert host.told == ["before", "after"]
        if is_embedded:
            letter = DeadLetter.objects.get()
            assert (letter.reason, len(letter.value)) == ("too-large", 4_096)
            assert "20000000 bytes, SHA-256 " in letter.detail
        else:  # the topic has Kafka unpack it before it is measured
            assert answer == 10  # MESSAGE_TOO_LARGE
            assert reasons(world) == {}

    def test_may_not_bring_thousands_of_headers(self, world: World, servers: str, consumer: Consumer, host: Host) -> None:
        many = RawRecord(value=b"x", headers=[(b"name", b"value")] * 10_000)
        produce(servers, topic=topic_of(world), partition=0, batch=batch([many]))
        world.send("after")

        await_handled(consumer, lambda: "after" in host.told, world=world)

        assert reasons(world) == {"headers-too-large": 1}
        assert DeadLetter.objects.get(reason="headers-too-large").headers == []


class TestRecordsOfEveryKind:
    def test_stop_nothing(  # noqa: PLR0917  # pytest passes by name
        self, world: World, servers: str, consumer: Consumer, host: Host, is_embedded: bool, pytestconfig: pytest.Config
    ) -> None:
        records, seed = pytestconfig.getoption("records", 500), pytestconfig.getoption("record_seed", 7)
        silent = records // 500 if is_embedded else 0
        fuzzer = RecordFuzzer(servers=servers, topic=topic_of(world), partitions=4, seed=seed, silent_batches=silent)
        fuzzer.largest = 16_000 if is_embedded else 950_000  # the embedded broker forgets all but 5 MB of a partition
        rounds, slowest = max(1, records // 500), 0.0

        for number in range(rounds):
            for place in range(10):
                fuzzer.write(50)
                world.send(f"good {number} {place}", partition=place % 4)
            slowest = max(slowest, await_handled(consumer, partial(has_all, host, 10 * (number + 1)), world=world, limit_s=90))

        assert sorted(host.told) == sorted(f"good {number} {place}" for number in range(rounds) for place in range(10))
        assert fuzzer.written + fuzzer.refused >= records
        assert fuzzer.written >= 0.4 * records
        assert slowest < 5


def has_all(host: Host, count: int) -> bool:
    return len(set(host.told)) >= count


def _touch(servers: str, topics: list[str]) -> None:
    client = Producer({"bootstrap.servers": servers})
    for topic in topics:
        client.list_topics(topic, timeout=10)
