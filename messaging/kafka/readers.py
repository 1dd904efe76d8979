"""Reading from Kafka."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from messaging.broker import Positions, Record
from messaging.kafka.failures import ASK_S, asking, partitions_of
from messaging.kafka.intake import Intake

logger = logging.getLogger(__name__)


class KafkaConsumer:
    """A member of a consumer group that starts each partition where it is told, not where Kafka remembers."""

    def __init__(self, *, config: Mapping[str, Any], topic: str, positions: Positions, is_embedded: bool = False) -> None:
        self._client, self._topic, self._positions = Consumer(dict(config), logger=logger), topic, positions
        self._intake = Intake(client=self._client, config=config, topic=topic, is_embedded=is_embedded)
        with asking():
            self._client.subscribe([topic], on_assign=self._assign)

    def poll(self, *, limit: int, timeout_s: float) -> list[Record]:
        """Wait for one record, then take those that are there already."""
        with asking():
            first = self._client.poll(timeout_s)
            more = self._client.consume(limit - 1, 0) if first is not None and limit > 1 else []
            return self._intake.records([first, *more] if first is not None else [])

    def ends(self) -> Mapping[int, int]:
        """Return where partitions ended when last looked."""
        return self._intake.ends

    def assigned(self) -> Collection[int]:
        """Return what the group gave this member and did not take back."""
        with asking():
            return [place.partition for place in self._client.assignment()]

    def commit(self, *, offsets: Mapping[int, int]) -> None:
        """Commit without waiting."""
        with asking():
            places = [TopicPartition(self._topic, partition, offset) for partition, offset in offsets.items()]
            self._client.commit(offsets=places, asynchronous=True)

    def close(self) -> None:
        """Leave the group."""
        self._client.close()

    def _assign(self, client: Consumer, partitions: Sequence[TopicPartition]) -> None:
        starts = self._positions([place.partition for place in partitions])
        self._intake.begin(starts)
        client.incremental_assign([TopicPartition(self._topic, partition, offset) for partition, offset in starts.items()])


class KafkaReader:
    """Reads a topic's partition 0 from its beginning; a topic that does not exist yet is an empty one."""

    def __init__(self, *, config: Mapping[str, Any], topic: str, is_embedded: bool = False) -> None:
        self._client, self._topic = Consumer(dict(config), logger=logger), topic
        self._intake = Intake(client=self._client, config=config, topic=topic, is_embedded=is_embedded)
        self._assigned = self._at_end = False
        self._look_again_at = 0.0

    def poll(self, *, limit: int, timeout_s: float) -> list[Record]:
        """Return the next records."""
        if not self._assigned and not self._find():
            return []
        with asking():
            records = self._intake.records(self._client.consume(limit, timeout_s))
        self._at_end = self._at_end or bool(self._intake.ends)
        return records

    def caught_up(self) -> bool:
        """Return whether the end was seen, or there is nothing to see."""
        return self._at_end or (not self._assigned and self._look_again_at > 0)

    def close(self) -> None:
        """Let go of the broker."""
        self._client.close()

    def _find(self) -> bool:
        """Start reading when the topic exists; look every few seconds."""
        if time.monotonic() < self._look_again_at:
            return False
        self._look_again_at = time.monotonic() + ASK_S
        with asking():
            self._assigned = bool(partitions_of(self._client.list_topics(topic=self._topic, timeout=ASK_S).topics[self._topic]))
            if self._assigned:
                self._intake.begin({0: 0})
                self._client.assign([TopicPartition(self._topic, 0, OFFSET_BEGINNING)])
        return self._assigned
