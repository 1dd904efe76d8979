"""Writing to Kafka."""

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from messaging.broker import Outgoing
from messaging.errors import BrokerError
from messaging.kafka.failures import ASK_S, TOPIC_AT_FAULT, WRITE_S, asking, partitions_of

logger = logging.getLogger(__name__)


class KafkaProducer:
    """Publishes each call's records as one transaction, or at least without duplicates where transactions are off."""

    def __init__(self, *, config: Mapping[str, Any]) -> None:
        self._client = Producer(dict(config), logger=logger)
        self._transactional = "transactional.id" in config
        self._letter_boxes: dict[str, int] = {}
        if self._transactional:
            with asking():
                self._client.init_transactions(WRITE_S)

    def publish(self, *, records: Sequence[Outgoing]) -> None:
        """Write the records and wait until all of them are kept."""
        absent = {record.topic for record in records if not self._exists(record)}
        if absent:
            raise BrokerError("a topic or partition does not exist", topics=frozenset(absent))
        failed: dict[str, KafkaError] = {}

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                failed[str(message.topic())] = error

        with asking():
            if self._transactional:
                self._client.begin_transaction()
            for record in records:
                self._produce(record, delivered)
            left = self._client.flush(WRITE_S)
            if not left and not failed and self._transactional:
                self._client.commit_transaction(WRITE_S)
        if left or failed:
            self._abort()
            blamed = {topic for topic, error in failed.items() if error.code() in TOPIC_AT_FAULT}
            raise BrokerError(f"{left} records unsure, failed: {sorted(map(str, failed.values()))}", topics=frozenset(blamed))

    def close(self) -> None:
        """Drop what is unsent; what is unsure is fenced by the next producer of this name."""
        with suppress(BrokerError), asking():  # after a fatal error every call raises it again
            self._client.purge()
            self._client.flush(0)

    def _exists(self, record: Outgoing) -> bool:
        """Return whether there is such a partition, asked once per topic: librdkafka itself would wait until the message expires."""
        if record.topic not in self._letter_boxes:
            with asking():
                found = self._client.list_topics(topic=record.topic, timeout=ASK_S).topics[record.topic]
            partitions = partitions_of(found)
            if not partitions:
                return False
            self._letter_boxes[record.topic] = len(partitions)
        return record.partition < self._letter_boxes[record.topic]

    def _produce(self, record: Outgoing, delivered: Any) -> None:
        """Hand over one record, waiting while the queue is full."""
        until = time.monotonic() + WRITE_S
        while True:
            try:
                self._client.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    partition=record.partition,
                    headers=list(record.headers),
                    on_delivery=delivered,
                )
            except BufferError:
                if time.monotonic() > until:
                    raise BrokerError("the queue stayed full") from None
                self._client.poll(0.1)
            else:
                self._client.poll(0)
                return

    def _abort(self) -> None:
        """Make what was written invisible where that is possible; otherwise the next producer's start does it."""
        if self._transactional:
            try:
                with asking():
                    self._client.abort_transaction(WRITE_S)
            except BrokerError as failure:
                logger.warning("kafka.abort-failed", extra={"error": str(failure)})
