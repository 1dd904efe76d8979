"""A Kafka cluster as the Broker of this project, and a small one inside the process."""

import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # documented there, not declared
from django.conf import settings

from messaging.broker import MAX_BATCH_BYTES, Bounds, Broker, Positions, Topic
from messaging.errors import BrokerError
from messaging.kafka.failures import ASK_S, END_OF_PARTITION, asking, partitions_of
from messaging.kafka.producer import KafkaProducer
from messaging.kafka.readers import KafkaConsumer, KafkaReader

logger = logging.getLogger(__name__)

_ANY = {"socket.timeout.ms": 9000}  # librdkafka waits 60 s by default: as long as a relay was seen to stand still after its broker died
_PRODUCER = {"acks": "all", "enable.idempotence": True, "linger.ms": 2, "message.timeout.ms": 8000}
_LIMITS = {  # the broker unpacks a compressed batch before it measures it: small on the wire is not small in a consumer's memory
    "compression.type": "uncompressed",
    "max.message.bytes": str(MAX_BATCH_BYTES),
}
_COMPACTED = {"cleanup.policy": "compact"}
_CONSUMER = {
    "fetch.max.bytes": 8_388_608,
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "isolation.level": "read_committed",
    "queued.max.messages.kbytes": 16_384,
}


def get_broker() -> Broker:
    """Return the broker of the settings; clients are made when first used, after any fork."""
    connection = {name: value for name, value in settings.KAFKA.items() if value}
    return KafkaBroker(
        connection=connection,
        transactions=settings.KAFKA_TRANSACTIONS,
        embedded=settings.KAFKA_EMBEDDED,
        offset_reset=settings.KAFKA_AUTO_OFFSET_RESET,
    )


@contextmanager
def embedded_cluster() -> Iterator[str]:
    """Run librdkafka's own small cluster inside this process; yield its bootstrap servers. It forgets everything at the end."""
    keeper = Producer({"test.mock.num.brokers": 1, "log_level": 4})  # 4: warnings; that this is a mock is no news
    brokers = keeper.list_topics(timeout=ASK_S).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    keeper.flush(0)


class KafkaBroker:
    """A Kafka cluster. `embedded` is librdkafka's mock, whose topics appear when asked for, with a number of partitions of its own."""

    def __init__(self, *, connection: Mapping[str, Any], transactions: bool, embedded: bool, offset_reset: str = "earliest") -> None:
        self._connection, self._transactions, self._embedded = _ANY | dict(connection), transactions, embedded
        self._consuming = _CONSUMER | {"auto.offset.reset": offset_reset}
        self._admin: AdminClient | None = None
        self._sides: dict[str, Consumer] = {}

    def cluster_id(self) -> str:
        """Return the id in the cluster's metadata; the mock has none, and a new port with every life."""
        with self._administrator() as admin:
            metadata = admin.list_topics(timeout=ASK_S)
        ports = ",".join(sorted(f"{broker.host}:{broker.port}" for broker in metadata.brokers.values()))
        return f"embedded-{ports}" if self._embedded else str(metadata.cluster_id)

    def create_topics(self, *, topics: Sequence[Topic]) -> None:
        """Create those that do not exist; wait until the cluster knows them."""
        with self._administrator() as admin:
            missing = [topic for topic in topics if not _partitions(admin, topic.name)]
        if self._embedded or not missing:
            return
        fresh = [
            NewTopic(topic.name, num_partitions=topic.partitions, config=_LIMITS | (_COMPACTED if topic.compacted else {}))
            for topic in missing
        ]
        with self._administrator() as admin:
            for name, future in admin.create_topics(fresh, operation_timeout=ASK_S).items():
                try:
                    future.result(timeout=ASK_S * 2)
                except KafkaException as failure:
                    if failure.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                        raise BrokerError(f"{name}: {failure.args[0].str()}") from failure
                except TimeoutError as failure:
                    raise BrokerError(f"{name}: creating it took too long") from failure
        for topic in missing:
            self._await_leaders(topic.name)

    def bounds(self, *, topic: str) -> Mapping[int, Bounds]:
        """Return the low and high watermark of each partition."""
        with self._side(topic) as side:  # one client tells both, so that it knows each partition it is asked about
            return {
                partition: side.get_watermark_offsets(TopicPartition(topic, partition), timeout=ASK_S)
                for partition in _partitions(side, topic)
            }

    def committed(self, *, topic: str, group: str, partitions: Collection[int]) -> Mapping[int, int]:
        """Return the group's committed offsets, asked without joining it."""
        with self._side(group) as side:
            found = side.committed([TopicPartition(topic, partition) for partition in partitions], timeout=ASK_S)
        return {place.partition: place.offset for place in found if place.offset >= 0}

    def waiting(self, *, topic: str, starts: Mapping[int, int]) -> set[int]:
        """Return the partitions in which a reader does not find the end at once after these offsets."""
        config = self._connection | self._consuming | {"group.id": f"reader-{uuid4().hex}", "enable.partition.eof": True}
        client, unsure, found = Consumer(config, logger=logger), set(starts), set[int]()
        until = time.monotonic() + ASK_S
        try:
            with asking():
                client.assign([TopicPartition(topic, partition, offset) for partition, offset in starts.items()])
                while unsure and time.monotonic() < until:
                    for message in client.consume(1, 0.5):
                        error, partition = message.error(), message.partition() or 0
                        if partition in unsure and (error is None or error.code() != END_OF_PARTITION):
                            found.add(partition)  # one that cannot be handed over waits as well
                        unsure.discard(partition)
        finally:
            client.close()
        return found | unsure

    def producer(self, *, name: str) -> "KafkaProducer":
        """Return a new producer; with transactions its name fences older ones."""
        transactional = {"transactional.id": name, "transaction.timeout.ms": 10_000} if self._transactions else {}
        return KafkaProducer(config=self._connection | _PRODUCER | transactional)

    def consumer(self, *, topic: str, group: str, positions: Positions) -> "KafkaConsumer":
        """Return a new member of the group."""
        config = self._connection | self._consuming | {"group.id": group, "group.protocol": "consumer", "enable.partition.eof": True}
        return KafkaConsumer(config=config, topic=topic, positions=positions, is_embedded=self._embedded)

    def reader(self, *, topic: str) -> "KafkaReader":
        """Return a reader of partition 0 from its beginning."""
        config = self._connection | self._consuming | {"group.id": f"reader-{uuid4().hex}", "enable.partition.eof": True}
        return KafkaReader(config=config, topic=topic, is_embedded=self._embedded)

    def _await_leaders(self, topic: str) -> None:
        """Wait until every partition of a new topic can be asked; raise BrokerError when that takes too long."""
        until = time.monotonic() + ASK_S
        while True:
            try:
                if self.bounds(topic=topic) or time.monotonic() > until:
                    return
            except BrokerError:
                if time.monotonic() > until:
                    raise
            time.sleep(0.05)

    @contextmanager
    def _administrator(self) -> Iterator[AdminClient]:
        """Lend the client that manages topics; an error drops it, as below."""
        client, self._admin = self._admin or AdminClient(self._connection, logger=logger), None
        with asking():
            yield client
        self._admin = client

    @contextmanager
    def _side(self, group: str) -> Iterator[Consumer]:
        """Lend a client that asks about a group and its topics but never joins.

        An error drops the client, and the next question makes a new one: what this client knows of the cluster may be older than the
        cluster, and it would repeat the same wrong answer until its metadata expires, minutes later.
        """
        client = self._sides.pop(group, None) or Consumer(self._connection | self._consuming | {"group.id": group}, logger=logger)
        try:
            with asking():
                yield client
        except BaseException:
            client.close()
            raise
        self._sides[group] = client


def _partitions(client: AdminClient | Consumer, topic: str) -> list[int]:
    return partitions_of(client.list_topics(topic=topic, timeout=ASK_S).topics[topic])
