"""Relay and consumer on a real Apache Kafka: what memory can only pretend."""

import random
import string
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]  # documented there, not declared
from django.db import transaction
from django.utils import timezone

from banksite.machine.kafka import KafkaServer
from banksite.machine.processes import wait_until
from messaging import directory, outbox, selectors
from messaging.consumer import CHECK_EVERY, Consumer
from messaging.errors import BrokerError
from messaging.kafka import KafkaBroker
from messaging.models import Message, StoredOffset
from messaging.relay import Relay
from messaging.tests.banks import Greeting, Host, World, read_all

pytestmark = [pytest.mark.kafka, pytest.mark.django_db]


def broker_of(server: KafkaServer, *, transactions: bool = True) -> KafkaBroker:
    return KafkaBroker(connection={"bootstrap.servers": server.bootstrap_servers}, transactions=transactions, embedded=False)


@pytest.fixture
def world(kafka_server: KafkaServer, tmp_path: Path) -> World:
    """Two banks nobody has met before, because the broker remembers those of other tests."""
    codes = ["".join(random.choices(string.ascii_uppercase, k=4)) for _ in range(2)]
    world = World(broker=broker_of(kafka_server), folder=tmp_path, codes=(codes[0], codes[1]))
    world.open_letter_boxes()
    document = world.document()
    world.publish_directory(document)
    with world.anna.acting():
        directory.take(document=document, now=timezone.now())
    return world


def enqueue(world: World, *texts: str) -> list[UUID]:
    """Let the first bank announce requests to the second."""
    common = {"destination": world.bert.code, "type": "greeting.sent.v1", "is_request": True, "open_items": 1}
    drafts = [outbox.Draft(**common, partition=place % 4, data=Greeting(text=text)) for place, text in enumerate(texts)]  # type: ignore[arg-type]
    with world.anna.acting(), transaction.atomic():
        return outbox.enqueue_each(messages=drafts, now=timezone.now())


def turn_until(done: Callable[[], bool], world: World, relay: Relay, consumer: Consumer, *, limit_s: int = 60) -> bool:
    """Turn both processes in one, the first bank's relay and the second's consumer, until it is done."""
    until = timezone.now() + timedelta(seconds=limit_s)
    while not done() and timezone.now() < until:
        with world.anna.acting():
            relay.turn(now=timezone.now())
        with world.bert.acting():
            consumer.turn(now=timezone.now())
    return done()


class TestAConversation:
    @pytest.fixture(params=[True, False], ids=["transactions", "without"])
    def relay(self, request: pytest.FixtureRequest, world: World, kafka_server: KafkaServer) -> Relay:
        with world.anna.acting():
            return Relay(broker=broker_of(kafka_server, transactions=request.param))

    def test_arrives_and_moves_the_offsets_of_both(self, world: World, relay: Relay, host: Host) -> None:
        with world.bert.acting():
            consumer = Consumer(broker=world.broker, handlers=host.handlers)
        enqueue(world, *(f"hello {place}" for place in range(50)))

        done = turn_until(lambda: len(set(host.told)) == 50, world, relay, consumer)
        consumer.close()

        topic = f"external-transfers.{world.bert.code}"
        stored = dict(StoredOffset.objects.filter(topic=topic).values_list("partition", "next_offset"))
        assert done
        assert world.broker.committed(topic=topic, group=topic, partitions=range(4)) == stored
        relay.close()

    def test_outlives_the_loss_of_everything_the_broker_had(
        self, world: World, relay: Relay, host: Host, kafka_server: KafkaServer
    ) -> None:
        with world.bert.acting():
            consumer = Consumer(broker=world.broker, handlers=host.handlers)
        enqueue(world, "before")
        assert turn_until(lambda: "before" in host.told, world, relay, consumer)

        kafka_server.wipe()
        enqueue(world, "after")
        done = turn_until(lambda: "after" in host.told, world, relay, consumer)
        consumer.close()
        relay.close()

        assert done
        assert not selectors.in_recovery()
        cluster_ids = set(StoredOffset.objects.filter(topic=f"external-transfers.{world.bert.code}").values_list("cluster_id", flat=True))
        assert cluster_ids == {world.broker.cluster_id()}


class TestATopicThatIsGivenPartitions:
    def test_is_told_with_all_of_them_by_a_broker_that_was_asked_before(self, world: World, kafka_server: KafkaServer) -> None:
        topic, admin = f"external-transfers.{world.bert.code}", AdminClient({"bootstrap.servers": kafka_server.bootstrap_servers})
        assert set(world.broker.bounds(topic=topic)) == set(range(4))

        for future in admin.create_partitions([NewPartitions(topic, 6)]).values():
            future.result(timeout=10)
        assert wait_until(lambda: partitions_of(world, topic) == set(range(6)), limit_s=5)


def partitions_of(world: World, topic: str) -> set[int]:
    """Return the partitions the broker names; none while a new one has no leader yet."""
    try:
        return set(world.broker.bounds(topic=topic))
    except BrokerError:
        return set()


class TestTwoConsumers:
    def test_leave_each_other_alone_once_they_have_shared_the_partitions(self, world: World, host: Host, kafka_server: KafkaServer) -> None:
        with world.anna.acting():
            relay = Relay(broker=broker_of(kafka_server))
        with world.bert.acting():
            one, two = pair = [Consumer(broker=broker_of(kafka_server), handlers=host.handlers) for _ in range(2)]
        assert turn_until(lambda: shares(one) == {0, 1, 2, 3}, world, relay, one)
        assert turn_until(lambda: turn(one, world) and [len(shares(each)) for each in pair] == [2, 2], world, relay, two)
        enqueue(world, *(f"hello {place}" for place in range(20)))
        assert turn_until(lambda: turn(one, world) and len(set(host.told)) == 20, world, relay, two)
        members = [consumer._client for consumer in pair]

        with world.bert.acting():
            for consumer in pair:
                consumer.turn(now=timezone.now() + CHECK_EVERY)

        assert [consumer._client for consumer in pair] == members
        for consumer in pair:
            consumer.close()
        relay.close()


def shares(consumer: Consumer) -> set[int]:
    """Return the partitions a consumer reads."""
    return set(consumer._client.assigned()) if consumer._client is not None else set()


def turn(consumer: Consumer, world: World) -> bool:
    """Let another consumer of the second bank take a turn, too."""
    with world.bert.acting():
        consumer.turn(now=timezone.now())
    return True


class TestASecondRelay:
    def test_fences_the_first_even_where_their_clocks_disagree(self, world: World, host: Host, kafka_server: KafkaServer) -> None:
        now = timezone.now()
        with world.anna.acting():
            first = Relay(broker=broker_of(kafka_server), holder="first")
            second = Relay(broker=broker_of(kafka_server), holder="second")
            enqueue(world, "one")
            first.turn(now=now)
            second.turn(now=now + timedelta(minutes=1))
            ids = enqueue(world, "two")

            published = first.turn(now=now + timedelta(seconds=1))

        assert published == 0
        assert Message.objects.get(id=ids[0]).attempts == 0


class TestADatabaseThatWentBack:
    def test_is_seen_by_what_kafka_remembers(self, world: World, host: Host, kafka_server: KafkaServer) -> None:
        with world.anna.acting():
            relay = Relay(broker=broker_of(kafka_server))
        with world.bert.acting():
            consumer = Consumer(broker=world.broker, handlers=host.handlers)
        enqueue(world, "hello")
        topic = f"external-transfers.{world.bert.code}"
        told = lambda: world.broker.committed(topic=topic, group=topic, partitions=[0]).get(0, 0) > 0  # noqa: E731
        assert turn_until(told, world, relay, consumer)
        consumer.close()
        relay.close()

        StoredOffset.objects.filter(topic=topic).update(next_offset=0)
        with world.bert.acting():
            read_all(Consumer(broker=world.broker, handlers=host.handlers), now=timezone.now(), turns=5)

        assert selectors.in_recovery()
