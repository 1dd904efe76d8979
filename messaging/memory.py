"""A broker in memory, with bad weather on demand: what a network and a cluster can do wrong, in a repeatable way."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from messaging.broker import Bounds, Outgoing, Positions, Record, Topic
from messaging.errors import BrokerError, Fenced

MAX_RECORD_BYTES = 1_048_576  # what brokers take by default


@dataclass(frozen=True, kw_only=True)
class Weather:
    """How likely each record is dropped, written twice, or held back until after later ones; the register of banks is spared."""

    random: Random
    drop: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0


def _no_hook(_step: str) -> None:
    """Do nothing."""


class MemoryBroker:
    """One object that several banks share. `hook` is called before and after each step a process could die at, and may raise."""

    def __init__(self, *, weather: Weather | None = None, hook: Callable[[str], None] = _no_hook, automatic_partitions: int = 0) -> None:
        self.weather = weather
        self.hook = hook
        self._automatic_partitions = automatic_partitions
        self._generation = 0
        self._epochs: dict[str, int] = {}
        self._held: list[Outgoing] = []
        self._forget()

    def wipe(self) -> None:
        """Lose everything: records, topics, committed offsets, the cluster's id."""
        self._generation += 1
        self._forget()

    def truncate(self, *, topic: str, partition: int, end: int) -> None:
        """Lose the end of one log, as an unclean election does."""
        del self._logs[topic][partition][end:]

    def settle(self) -> None:
        """Write all records that were held back."""
        held, self._held = self._held, []
        for record in held:
            self._append(record)

    def records(self, *, topic: str) -> list[Record]:
        """Return what is on a topic, partition by partition."""
        return [record for log in self._logs.get(topic, []) for record in log]

    def cluster_id(self) -> str:
        """Return an id that changes when everything was lost."""
        return f"memory-{self._generation}"

    def create_topics(self, *, topics: Sequence[Topic]) -> None:
        """Create those that do not exist."""
        for topic in topics:
            if topic.name not in self._logs:
                self._logs[topic.name] = [[] for _ in range(topic.partitions)]
                self._compacted |= {topic.name} if topic.compacted else set()

    def bounds(self, *, topic: str) -> Mapping[int, Bounds]:
        """Return the bounds of each log."""
        if topic not in self._logs and self._automatic_partitions:
            self.create_topics(topics=[Topic(name=topic, partitions=self._automatic_partitions)])
        return {partition: (0, len(log)) for partition, log in enumerate(self._logs.get(topic, []))}

    def committed(self, *, topic: str, group: str, partitions: Collection[int]) -> Mapping[int, int]:
        """Return the offsets a group committed."""
        found = self._committed.get((topic, group), {})
        return {partition: offset for partition, offset in found.items() if partition in partitions}

    def waiting(self, *, topic: str, starts: Mapping[int, int]) -> set[int]:
        """Return the partitions that go on after these offsets."""
        return {partition for partition, (_, end) in self.bounds(topic=topic).items() if starts.get(partition, 0) < end}

    def producer(self, *, name: str) -> "MemoryProducer":
        """Return a producer that fences its elders."""
        self._epochs[name] = self._epochs.get(name, 0) + 1
        return MemoryProducer(broker=self, name=name, epoch=self._epochs[name])

    def consumer(self, *, topic: str, group: str, positions: Positions) -> "MemoryConsumer":
        """Return a consumer that is given all partitions, like a zombie that does not know of its successor."""
        return MemoryConsumer(broker=self, topic=topic, group=group, positions=positions)

    def reader(self, *, topic: str) -> "MemoryReader":
        """Return a reader from the beginning."""
        return MemoryReader(broker=self, topic=topic)

    def write(self, *, name: str, epoch: int, records: Sequence[Outgoing]) -> None:
        """Write a producer's records as the weather allows: all or none where a topic is missing."""
        self.hook("before publish")
        if self._epochs[name] != epoch:
            raise Fenced(f"a newer producer {name} took over")
        missing = {record.topic for record in records if record.partition not in self.bounds(topic=record.topic)}
        if missing or any(len(record.value) > MAX_RECORD_BYTES for record in records):
            raise BrokerError("refused", topics=frozenset(missing))
        for record in records:
            self._receive(record)
        self.hook("after publish")

    def read(self, *, topic: str, positions: dict[int, int], limit: int) -> list[Record]:
        """Return the next records after the positions and move them; a position beyond the end starts at the earliest."""
        self.hook("before poll")
        self._thaw()
        found: list[Record] = []
        for partition, log in enumerate(self._logs.get(topic, [])):
            if partition in positions:
                start = positions[partition] if positions[partition] <= len(log) else 0
                taken = log[start : start + limit - len(found)]
                positions[partition] = start + len(taken)
                found.extend(taken)
        return found

    def commit(self, *, topic: str, group: str, offsets: Mapping[int, int]) -> None:
        """Remember a group's offsets."""
        self.hook("before commit offsets")
        self._committed.setdefault((topic, group), {}).update(offsets)

    def _forget(self) -> None:
        self._logs: dict[str, list[list[Record]]] = {}
        self._compacted: set[str] = set()
        self._held.clear()
        self._committed: dict[tuple[str, str], dict[int, int]] = {}

    def _receive(self, record: Outgoing) -> None:
        weather = self.weather
        if weather is None or record.topic in self._compacted:
            self._append(record)
            return
        copies = 0 if weather.random.random() < weather.drop else 2 if weather.random.random() < weather.duplicate else 1
        for _ in range(copies):
            if weather.random.random() < weather.delay:
                self._held.append(record)
            else:
                self._append(record)

    def _thaw(self) -> None:
        """Let some of the held records arrive, in any order."""
        if self.weather is None or not self._held:
            return
        self.weather.random.shuffle(self._held)
        late = [record for record in self._held if self.weather.random.random() < 0.5]
        self._held = [record for record in self._held if not any(record is other for other in late)]
        for record in late:
            self._append(record)

    def _append(self, record: Outgoing) -> None:
        logs = self._logs.get(record.topic)
        if logs is not None and record.partition < len(logs):  # held back, and the topic was lost meanwhile
            log = logs[record.partition]
            place = len(log)
            log.append(Record(topic=record.topic, partition=record.partition, offset=place, value=record.value, headers=record.headers))


class MemoryProducer:
    """A producer of a MemoryBroker."""

    def __init__(self, *, broker: MemoryBroker, name: str, epoch: int) -> None:
        self._broker, self._name, self._epoch = broker, name, epoch

    def publish(self, *, records: Sequence[Outgoing]) -> None:
        """Write the records."""
        self._broker.write(name=self._name, epoch=self._epoch, records=records)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


class MemoryConsumer:
    """A consumer of a MemoryBroker."""

    def __init__(self, *, broker: MemoryBroker, topic: str, group: str, positions: Positions) -> None:
        self._broker, self._topic, self._group, self._ask = broker, topic, group, positions
        self._positions: dict[int, int] | None = None
        self._cluster_id = ""

    def poll(self, *, limit: int, timeout_s: float) -> list[Record]:  # noqa: ARG002  # the Protocol's: memory never waits
        """Return the next records, at most `limit`."""
        if not self._positions or self._cluster_id != self._broker.cluster_id():
            self._cluster_id = self._broker.cluster_id()  # a broker that forgot everything forgot its groups, too, and maybe the topic
            self._positions = dict(self._ask(self._broker.bounds(topic=self._topic)))
        return self._broker.read(topic=self._topic, positions=self._positions, limit=limit)

    def assigned(self) -> Collection[int]:
        """Return every partition: in memory nobody shares."""
        return list(self._positions or ())

    def ends(self) -> Mapping[int, int]:
        """Return where each partition ends that was read to its end."""
        bounds = self._broker.bounds(topic=self._topic)
        return {partition: offset for partition, offset in (self._positions or {}).items() if offset == bounds.get(partition, (0, 0))[1]}

    def commit(self, *, offsets: Mapping[int, int]) -> None:
        """Tell the broker how far the partitions were read."""
        if self._cluster_id == self._broker.cluster_id():
            self._broker.commit(topic=self._topic, group=self._group, offsets=offsets)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


class MemoryReader:
    """A reader of a MemoryBroker's topic."""

    def __init__(self, *, broker: MemoryBroker, topic: str) -> None:
        self._broker, self._topic, self._positions = broker, topic, {0: 0}

    def poll(self, *, limit: int, timeout_s: float) -> list[Record]:  # noqa: ARG002  # the Protocol's: memory never waits
        """Return the next records, at most `limit`."""
        return self._broker.read(topic=self._topic, positions=self._positions, limit=limit)

    def caught_up(self) -> bool:
        """Return whether the end was reached."""
        return self._positions[0] >= self._broker.bounds(topic=self._topic).get(0, (0, 0))[1]

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""
