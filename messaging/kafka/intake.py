"""What librdkafka hands over, as records: one that cannot be read fails alone, and none brings more than a record may have."""

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from operator import methodcaller
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from messaging.broker import MAX_BATCH_BYTES, Headers, Record
from messaging.kafka.broken_batches import UNNAMED, Prober
from messaging.kafka.failures import BROKEN, END_OF_PARTITION, NAMES_BATCH

logger = logging.getLogger(__name__)

KEPT_BYTES = 4_096  # of a value that is too large
MAX_HEADERS, MAX_HEADER_BYTES = 32, 8_192
_SILENT_AFTER_S = 1.0

# A header whose name is not UTF-8 leaves the client's list with a hole, and touching the hole ends the process. The client sets an
# exception, too, but returns the list all the same, and CPython's fast call of a method does not look for that. `methodcaller` calls the
# slow way, which does: it raises SystemError. The client remembers the list, so it must never be asked for a second time.
_headers_of = methodcaller("headers")


class Intake:
    """The messages of one client. `ends` says at which offset each partition ended when last looked.

    A batch that the client cannot read is passed, and one record without a value stands for it, at the last of its offsets.
    """

    def __init__(self, *, client: Consumer, config: Mapping[str, Any], topic: str, is_embedded: bool) -> None:
        self._client, self._config, self._topic, self._is_embedded = client, config, topic, is_embedded
        self._next: dict[int, int] = {}
        self._seen_at: dict[int, float] = {}
        self.ends: dict[int, int] = {}

    def begin(self, starts: Mapping[int, int]) -> None:
        """Note where partitions begin that the client was given."""
        self.ends = {partition: end for partition, end in self.ends.items() if partition not in starts}
        self._next |= starts
        self._seen_at |= dict.fromkeys(starts, time.monotonic())

    def records(self, messages: Sequence[Message]) -> list[Record]:
        """Return messages as records; raises KafkaException for an error that is not about one batch, BrokerError."""
        records = [record for message in messages if (record := self._record(message)) is not None]
        if self._is_embedded and not messages:
            records += self._silent_batches()
        return records

    def _record(self, message: Message) -> Record | None:
        error, partition, offset = message.error(), message.partition() or 0, message.offset() or 0
        self._seen_at[partition] = time.monotonic()
        if error is None:
            self._next[partition] = offset + 1
            return record_of(message)
        if error.code() == END_OF_PARTITION:
            self.ends[partition] = offset
            return None
        if error.code() not in BROKEN:
            raise KafkaException(error)
        if offset < self._next.get(partition, 0) - 1:  # the client says it again for a batch that was passed
            return None
        start, base = max(offset, self._next.get(partition, 0)), offset if error.code() in NAMES_BATCH else UNNAMED
        return self._pass_batch(partition, start=start, base=base, why=error.str())

    def _silent_batches(self) -> list[Record]:
        """Pass batches of which the client says nothing at all."""
        before = time.monotonic() - _SILENT_AFTER_S
        still = [partition for partition, offset in self._next.items() if self.ends.get(partition, -1) < offset]
        silent = [partition for partition in still if self._seen_at[partition] < before]
        found = []
        for partition in silent:
            self._seen_at[partition] = time.monotonic()
            record = self._pass_batch(partition, start=self._next[partition], base=UNNAMED, why="the client reads nothing of it")
            found += [record] if record is not None else []
        return found

    def _pass_batch(self, partition: int, *, start: int, base: int, why: str) -> Record | None:
        """Go on behind a batch that cannot be read; return what stands for it, None where it can be read after all."""
        prober = Prober(config=self._config, topic=self._topic, partition=partition, is_embedded=self._is_embedded)
        try:
            end = prober.end_of_broken(start=start, base=base)
        finally:
            prober.close()
        if end == start:
            return None
        logger.error("kafka.batch-unreadable", extra={"topic": self._topic, "partition": partition, "first": start, "last": end - 1})
        self._client.seek(TopicPartition(self._topic, partition, end))
        self._next[partition] = end
        detail = f"offsets {start} to {end - 1}: {why}"
        return Record(topic=self._topic, partition=partition, offset=end - 1, value=b"", reason="batch-unreadable", detail=detail)


def record_of(message: Message) -> Record:
    """Return a message as a record, with the reason why it cannot be read where that shows here; never raises because of its content."""
    value = _bytes(message.value())
    headers, reason, detail = _read_headers(message)
    if len(value) > MAX_BATCH_BYTES:
        reason, detail = "too-large", f"{len(value)} bytes, SHA-256 {hashlib.sha256(value).hexdigest()}; the first {KEPT_BYTES} are kept"
        value = value[:KEPT_BYTES]
    return Record(
        topic=str(message.topic()),
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        value=value,
        headers=headers,
        reason=reason,
        detail=detail,
    )


def _read_headers(message: Message) -> tuple[Headers, str, str]:
    """Return the headers, or none of them with a reason and a detail."""
    try:
        pairs = _headers_of(message) or ()
    except (SystemError, ValueError) as error:
        return (), "headers-unreadable", f"the client cannot read a header's name: {error.__cause__ or error}"
    headers = tuple((str(name), _bytes(value)) for name, value in pairs)
    size = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > MAX_HEADERS or size > MAX_HEADER_BYTES:
        return (), "headers-too-large", f"{len(headers)} headers with {size} bytes"
    return headers, "", ""


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
