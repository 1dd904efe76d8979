"""Finding the end of a batch that librdkafka cannot read: it would ask for the same batch again and again, and read nothing behind it."""

import logging
import time
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, TopicPartition

from messaging.errors import BrokerError
from messaging.kafka.failures import ASK_S, BROKEN, END_OF_PARTITION, NAMES_BATCH, asking

logger = logging.getLogger(__name__)
UNNAMED = -1  # the base of a batch that the client does not name
_SINGLE_STEPS = 4  # before larger ones, where batches are not told from each other: a readable one between two is not passed over
_SILENCE_S = 0.3  # an embedded broker, which is in this process or beside it, answers within milliseconds


class _Seen(Enum):
    READABLE = auto()
    SAME_BATCH = auto()
    NOTHING = auto()


class Prober:
    """A client of its own that looks at single offsets of one partition.

    With `is_embedded`, that nothing comes counts as broken, too: librdkafka's own small broker keeps batches that Kafka itself refuses,
    and of some of these its client says nothing at all.
    """

    def __init__(self, *, config: Mapping[str, Any], topic: str, partition: int, is_embedded: bool) -> None:
        apart = {"group.id": f"prober-{uuid4().hex}", "enable.partition.eof": True, "fetch.wait.max.ms": 10}
        self._client = Consumer({name: value for name, value in config.items() if name != "group.protocol"} | apart, logger=logger)
        self._topic, self._partition, self._is_embedded = topic, partition, is_embedded
        self._patience_s = ASK_S

    def end_of_broken(self, *, start: int, base: int) -> int:
        """Return the first offset after `start` that is not in the batch that begins at `base`.

        Doubles its steps until it is out, then halves them; returns `start` where it can be read now. Raises BrokerError where the broker
        does not answer.
        """
        inside, outside = start, self._end(start)
        if base == UNNAMED:
            self._learn_patience(outside)
        if not self._is_inside(start, base):
            return start
        step = 1
        while inside + step < outside:
            if self._is_inside(inside + step, base):
                inside += step
                step = step * 2 if base != UNNAMED or inside - start >= _SINGLE_STEPS else 1
            else:
                outside = inside + step
        while outside - inside > 1:
            middle = (inside + outside) // 2
            if self._is_inside(middle, base):
                inside = middle
            else:
                outside = middle
        return outside

    def close(self) -> None:
        """Let go of the broker."""
        self._client.close()

    def _end(self, start: int) -> int:
        """Return the end of the partition; the broker answers here, so that its silence elsewhere means something."""
        with asking():
            return max(start + 1, self._client.get_watermark_offsets(TopicPartition(self._topic, self._partition), timeout=ASK_S)[1])

    def _learn_patience(self, end: int) -> None:
        """Ask where the broker surely answers, at the end: silence elsewhere means something once it lasts many times as long."""
        for _ in range(2):  # the first time it connects
            begun = time.monotonic()
            if self._look(end, UNNAMED) is _Seen.NOTHING:
                raise BrokerError(f"no answer about the end of {self._topic}")
        self._patience_s = max(_SILENCE_S, 10 * (time.monotonic() - begun))

    def _is_inside(self, offset: int, base: int) -> bool:
        seen = self._look(offset, base)
        if seen is _Seen.NOTHING and not (self._is_embedded and base == UNNAMED):
            raise BrokerError(f"no answer about offset {offset} of {self._topic}")
        return seen is not _Seen.READABLE

    def _look(self, offset: int, base: int) -> _Seen:
        """Return what comes when reading begins at an offset."""
        until = time.monotonic() + (self._patience_s if self._is_embedded and base == UNNAMED else ASK_S)
        with asking():
            self._client.assign([TopicPartition(self._topic, self._partition, offset)])
            while time.monotonic() < until:
                for message in self._client.consume(1, 0.1):
                    error = message.error()
                    if error is None or error.code() == END_OF_PARTITION:
                        return _Seen.READABLE
                    if error.code() in BROKEN:
                        begins = message.offset() if error.code() in NAMES_BATCH else base
                        return _Seen.SAME_BATCH if begins == base else _Seen.READABLE  # another batch, which gets its own turn
        return _Seen.NOTHING
