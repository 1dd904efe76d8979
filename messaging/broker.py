"""What this project asks of a message broker: the Protocols every implementation is tested against."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_BATCH_BYTES = 1_048_588  # Kafka's own default
Headers = tuple[tuple[str, bytes], ...]
Bounds = tuple[int, int]  # the first offset that still exists, and the one the next record will get


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A record as it was read, with its place in the log.

    `reason` and `detail` say why it cannot be read, where the client, its size or its headers say so: then `value` is a part of it, or
    nothing. `signed_by` is the bank whose signature was verified.
    """

    topic: str
    partition: int
    offset: int
    value: bytes
    headers: Headers = ()
    reason: str = ""
    detail: str = ""
    signed_by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A record to be written; `key` matters on compacted topics only."""

    topic: str
    partition: int
    value: bytes
    headers: Headers = ()
    key: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """A topic to be created; of a compacted one only the last record of each key is kept.

    A broker that can refuses batches of more than MAX_BATCH_BYTES for it, measured without compression.
    """

    name: str
    partitions: int
    compacted: bool = False


class Producer(Protocol):
    """Writes records under one name; a newer producer of that name fences older ones where the broker can."""

    def publish(self, *, records: Sequence[Outgoing]) -> None:
        """Write all records and wait until they are kept; raise BrokerError when that is not certain, after which only `close` may follow.

        An error that names `topics` wrote nothing that a reader of committed records sees.
        """

    def close(self) -> None:
        """Let go of the broker; never raises."""


class Reader(Protocol):
    """Reads a topic's only partition from its beginning, alone, and goes on as it grows."""

    def poll(self, *, limit: int, timeout_s: float) -> list[Record]:
        """Return the next records, at most `limit`, after at most `timeout_s`; raise BrokerError."""

    def caught_up(self) -> bool:
        """Return whether everything was read that was there a moment ago."""

    def close(self) -> None:
        """Let go of the broker; never raises."""


class Consumer(Protocol):
    """Reads the partitions a group gives it, each from the offset its owner names."""

    def poll(self, *, limit: int, timeout_s: float) -> list[Record]:
        """Return the next records, at most `limit`, in order within a partition; raise BrokerError and what `positions` raises."""

    def assigned(self) -> Collection[int]:
        """Return the partitions that are this member's now, as far as it knows."""

    def ends(self) -> Mapping[int, int]:
        """Return, for each partition that was read to its end, the offset at which nothing more was found when last looked."""

    def commit(self, *, offsets: Mapping[int, int]) -> None:
        """Tell the broker how far the partitions were read, without waiting: for tools that show lag, never as the truth."""

    def close(self) -> None:
        """Leave the group; never raises."""


Positions = Callable[[Collection[int]], Mapping[int, int]]  # where to start each of the partitions that were just assigned


class Broker(Protocol):
    """A cluster of brokers. Every method raises BrokerError when the cluster does not answer."""

    def cluster_id(self) -> str:
        """Return the cluster's id: another id is another log."""

    def create_topics(self, *, topics: Sequence[Topic]) -> None:
        """Create those that do not exist; leave those that do as they are."""

    def bounds(self, *, topic: str) -> Mapping[int, Bounds]:
        """Return the bounds of each partition's log; nothing when there is no such topic."""

    def committed(self, *, topic: str, group: str, partitions: Collection[int]) -> Mapping[int, int]:
        """Return how far a group says it read each partition; those it never read are absent."""

    def producer(self, *, name: str) -> Producer:
        """Return a new producer, fencing older ones of that name."""

    def waiting(self, *, topic: str, starts: Mapping[int, int]) -> set[int]:
        """Return the partitions in which a reader finds something at or after these offsets, or cannot tell within seconds."""

    def consumer(self, *, topic: str, group: str, positions: Positions) -> Consumer:
        """Return a new member of a group; `positions` is asked inside `poll` whenever partitions are assigned."""

    def reader(self, *, topic: str) -> Reader:
        """Return a reader of a topic that may not exist yet."""
