"""Records of every kind that a stranger can write, made from a seed, and a wait that measures how long a consumer stood still."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils import timezone

from messaging.consumer import Consumer
from messaging.models import StoredOffset
from messaging.signing import KEY_ID, SIGNATURE
from messaging.tests.banks import World
from tests.kafka_wire import GZIP, RawRecord, batch, produce

_AGES_MS = (-1, 0, -(2**63), 2**63 - 1, 1, 4_102_444_800_000)
_NAMES = (b"", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\x00", SIGNATURE.encode(), KEY_ID.encode(), b"x" * 300, "naïve".encode())
_SIZES = (0, 1, 16, 4_096, 70_000, 950_000)
_TRANSACTIONAL = 0x10  # as of a transaction that nobody began


@dataclass(kw_only=True)
class RecordFuzzer:
    """Writes batches of strange records; `written` counts what the broker kept, `silent_batches` bounds those a client is silent about."""

    servers: str
    topic: str
    partitions: int
    seed: int
    silent_batches: int = 0
    largest: int = 950_000
    written: int = 0
    refused: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def write(self, count: int) -> None:
        """Write about as many records."""
        pick, target = self._random, self.written + self.refused + count
        while self.written + self.refused < target:
            records = [self._record() for _ in range(pick.randint(1, 6))]
            made = self._batch(records)
            try:
                kept = produce(self.servers, topic=self.topic, partition=pick.randrange(self.partitions), batch=made) == 0
            except OSError:  # a broker may hang up on such a client
                kept = False
            self.written += len(records) if kept else 0
            self.refused += 0 if kept else len(records)

    def _record(self) -> RawRecord:
        pick = self._random
        values = [None, b"", b"\xff\x00", b"v" * 64, pick.randbytes(16)]
        return RawRecord(
            headers=[(pick.choice(_NAMES), pick.choice(values)) for _ in range(pick.randrange(4))],
            key=pick.choice([None, b"", b"k", b"\xff" * 16, pick.randbytes(100), pick.randbytes(60_000)]),
            value=pick.choice(
                [None, b"", b"{}", b"\xff\xfe", b"[" * 2_000, pick.randbytes(500), b"0" * min(self.largest, pick.choice(_SIZES))]
            ),
        )

    def _batch(self, records: list[RawRecord]) -> bytes:
        """Return the records as a batch that is right, compressed, of a strange time, or broken."""
        pick, kind = self._random, self._random.random()
        timestamp_ms = pick.choice(_AGES_MS)
        if self.silent_batches and kind < 0.1:
            self.silent_batches -= 1
            return batch(records[:1], payload=pick.choice([b"\x80", b"\x01\x01"]))
        strange: list[tuple[float, Callable[[], bytes]]] = [
            (0.25, lambda: batch(records, codec=GZIP, timestamp_ms=timestamp_ms)),
            (0.30, lambda: batch(records, crc=pick.getrandbits(32))),
            (0.34, lambda: batch(records, codec=pick.choice([1, 2, 3, 4]), payload=pick.randbytes(30))),
            (0.36, lambda: batch(records, codec=_TRANSACTIONAL, timestamp_ms=timestamp_ms)),
            (0.37, lambda: batch([RawRecord(value=b"0" * 3_000_000)], codec=GZIP)),
        ]
        return next((make() for below, make in strange if kind < below), None) or batch(records, timestamp_ms=timestamp_ms)


def await_handled(consumer: Consumer, is_done: Callable[[], bool], *, world: World, limit_s: float = 60.0) -> float:
    """Turn the consumer of the second bank until it is done; return the longest time, in seconds, between two moves of its offsets."""
    begun, moved_at = time.monotonic(), None
    slowest, before = 0.0, _offsets(world)
    while not is_done() and time.monotonic() - begun < limit_s:
        consumer.turn(now=timezone.now(), clock=timezone.now)
        if (after := _offsets(world)) != before:
            slowest = max(slowest, time.monotonic() - moved_at) if moved_at is not None else 0.0  # the first includes connecting
            moved_at, before = time.monotonic(), after
    assert is_done(), f"still waiting after {limit_s} s"
    return slowest


def _offsets(world: World) -> list[tuple[int, int]]:
    rows = StoredOffset.objects.filter(topic=f"external-transfers.{world.bert.code}").order_by("partition")
    return list(rows.values_list("partition", "next_offset"))
