"""A day in a town of banks, decided by a seed: orders, turns, mishaps; then calm, and the examiner."""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from django.db import OperationalError, transaction

from access.errors import DomainError
from access.retry import is_transient
from messaging import letter_box, offsets
from messaging.broker import Outgoing
from messaging.memory import MemoryBroker, Weather
from tests.protocol import mishaps
from tests.protocol.banks import Town
from tests.protocol.clerk import Clerk
from tests.protocol.examiner import findings
from tests.protocol.ids import seeded_ids
from tests.protocol.mishaps import Crash, Mishaps
from tests.protocol.world import World

STEPS = (15, 45)
CALM_ROUNDS = 80
OWED = "SELECT 1 FROM messaging_message WHERE finished_at IS NULL UNION ALL SELECT 1 FROM transfers_transfer WHERE status = 'pending'"
IDLE_IS_DULL = 0.8  # how often somebody else gets the turn of a process that has nothing to do
KINDS = mishaps.KINDS | {
    "record dropped",
    "record duplicated",
    "record delayed",
    "broker loses everything",
    "broker loses an end",
    "long time passes",
    "replay",
    "second consumer",
    "second relay",
    "bank suspended",
    "power fails",
}


class CountingBroker(MemoryBroker):
    """A broker that counts what the weather does to records."""

    def __init__(self, counts: Counter[str]) -> None:
        super().__init__()
        self._counts = counts

    def _receive(self, record: Outgoing) -> None:
        held, there = len(self._held), self._written()
        super()._receive(record)
        held, there = len(self._held) - held, self._written() - there
        self._counts["record dropped"] += held + there == 0
        self._counts["record duplicated"] += held + there == 2
        self._counts["record delayed"] += held > 0

    def _written(self) -> int:
        return sum(len(log) for logs in self._logs.values() for log in logs)


class Simulation:
    """One seed. `trace` tells what happened, `counts` how often each kind of fault did."""

    def __init__(self, town: Town, *, seed: int) -> None:
        self.seed, self._random = seed, Random(seed)
        self._codes = ("BNKA", "BNKB", "BNKC")[: self._random.choice((2, 2, 3))]
        self.trace: list[str] = []
        self._town, self._version = town, 1
        self._mishaps = Mishaps(self._random, meddle=self._meddle)
        self._actions: list[tuple[str, float, Callable[[], str]]] = []
        self._busy: list[object] = []  # processes in the middle of a turn
        self.world: World

    @property
    def counts(self) -> Counter[str]:
        """Return how often each kind of fault happened."""
        return self._mishaps.counts

    def run(self) -> list[str]:
        """Live the day; return what the examiner finds."""
        with seeded_ids(self._random):
            self.world = self._open_world()
            self._at_work = tuple(self.world.banks)
            self._clerk = Clerk(self.world, self._random)
            self._begin()
            for _ in range(self._random.randint(*STEPS)):
                self._step()
            self._calm()
        return self._findings()

    def _open_world(self) -> World:
        """Return the world of this day."""
        return World(self._town, random=self._random, codes=self._codes, broker=CountingBroker(self.counts))

    def _begin(self) -> None:
        """Draw the day's weather and what may happen in it; a third of all kinds stays away."""
        random = self._random
        drop, duplicate, delay = (0.0 if random.random() < 1 / 3 else random.uniform(0.02, 0.35) for _ in range(3))
        self.world.broker.weather = Weather(random=random, drop=drop, duplicate=duplicate, delay=delay)
        self.world.broker.hook = self._mishaps.at
        for bank in self.world.banks.values():
            bank.database.hook = self._mishaps.at
        always: list[tuple[str, float, Callable[[], str]]] = [
            ("order", 8, self._clerk.order),
            ("relay", 12, self._relay),
            ("consume", 14, self._consume),
            ("time passes", 6, self._time_passes),
        ]
        sometimes: list[tuple[str, float, Callable[[], str]]] = [
            ("cancel", 2.5, self._clerk.cancel),
            ("decide", 2, self._clerk.decide),
            ("reverse", 0.5, self._clerk.reverse),
            ("leave", 1, self._clerk.leave),
            ("expire", 1, self._clerk.expire),
            ("long time passes", 1.2, self._long_time_passes),
            ("broker loses everything", 0.7, self._wipe),
            ("broker loses an end", 2, self._truncate),
            ("replay", 1, self._replay),
            ("second consumer", 1.2, self._second_consumer),
            ("second relay", 1, self._second_relay),
            ("directory", 1, self._change_directory),
            ("power fails", 0.7, self._power_fails),
        ]
        self._actions = always + [action for action in sometimes if random.random() < 2 / 3]

    def _step(self) -> None:
        """Let the next thing happen to somebody."""
        weights = [weight for _, weight, _ in self._actions]
        name, _, action = self._random.choices(self._actions, weights)[0]
        self._mishaps.active = True
        try:
            self.trace.append(f"{self.world.now:%H:%M:%S} {name}: {action()}")
        except Crash as crash:
            self.trace.append(f"{self.world.now:%H:%M:%S} {name}: died {crash}")
        except DomainError as refusal:
            self.trace.append(f"{self.world.now:%H:%M:%S} {name}: refused, {refusal.code}")
        except OperationalError as error:
            if not is_transient(error):
                raise
            self.trace.append(f"{self.world.now:%H:%M:%S} {name}: database busy for too long")
        finally:
            self._mishaps.active = False
        self.world.wait(self._random.random())

    def _meddle(self) -> None:
        """Let a process take a turn while another is between two of its steps."""
        turn = self._relay if self._random.random() < 0.5 else self._consume
        try:
            self.trace.append(f"    meanwhile {turn()}")
        except Crash as crash:
            self.trace.append(f"    meanwhile another died {crash}")

    def _findings(self) -> list[str]:
        """Return what the examiner finds in the evening."""
        return findings({code: self.world.banks[code].database.raw for code in self.world.desks})

    # processes

    def _relay(self) -> str:
        due = [code for code in self._at_work if self.world.owes(code)]
        if not due and self._random.random() < IDLE_IS_DULL:
            return self._time_passes()
        code = self._random.choice(due or self._at_work)
        return self._turn(code, self.world.relays[code], self.world.relay, self.world.restart_relay)

    def _consume(self) -> str:
        unread = [code for code in self._at_work if self.world.has_unread(code)]
        if not unread and self._random.random() < IDLE_IS_DULL:
            return self._relay()
        code = self._random.choice(unread or self._at_work)
        return self._turn(code, self.world.consumers[code], self.world.consume, self.world.restart_consumer)

    def _turn(self, code: str, processes: Sequence[object], turn: Callable[[str, int], int], restart: Callable[[str, int], None]) -> str:
        """Let one of a bank's processes take a turn; one that is in the middle of its own cannot."""
        which = self._random.randrange(len(processes))
        process = processes[which]
        if process in self._busy:
            return f"{code} {which} is busy"
        self._busy.append(process)
        try:
            return f"{code} {turn.__name__} {which}: {turn(code, which)}"
        except Crash:
            restart(code, which)
            raise
        finally:
            self._busy.remove(process)

    def _second_consumer(self) -> str:
        code = self._random.choice(self._at_work)
        self._count("second consumer")
        self.world.consumers[code].append(self.world.new_consumer(code))
        return code

    def _second_relay(self) -> str:
        code = self._random.choice(self._at_work)
        self._count("second relay")
        self.world.relays[code].append(self.world.new_relay(code))
        return code

    def _power_fails(self) -> str:
        code = self._random.choice(self._at_work)
        self._count("power fails")
        for which in range(len(self.world.relays[code])):
            self.world.restart_relay(code, which)
        for which in range(len(self.world.consumers[code])):
            self.world.restart_consumer(code, which)
        return code

    # the world around them

    def _time_passes(self) -> str:
        self.world.wait(self._random.choice((1, 5, 15, 70)))
        return f"{self.world.now:%H:%M:%S}"

    def _long_time_passes(self) -> str:
        self._count("long time passes")
        self.world.wait(self._random.choice((1_800, 3_700, 7_300)))
        return f"{self.world.now:%H:%M:%S}, {self._clerk.expire()}"

    def _wipe(self) -> str:
        self._count("broker loses everything")
        self.world.broker.wipe()
        self._mishaps.active = False
        self.world.publish_directory()
        return "all topics"

    def _truncate(self) -> str:
        topics = [letter_box.topic_of(code=code) for code in self._at_work]
        ends = [(topic, place, end) for topic in topics for place, (_, end) in self.world.broker.bounds(topic=topic).items() if end]
        if not ends:
            return "nothing was there"
        self._count("broker loses an end")
        topic, partition, end = self._random.choice(ends)
        left = self._random.randrange(end)
        self.world.broker.truncate(topic=topic, partition=partition, end=left)
        return f"{topic}, partition {partition} from {left}"

    def _replay(self) -> str:
        code = self._random.choice(self._at_work)
        with self.world.at(code), transaction.atomic():
            moved = offsets.rewind(topic=letter_box.topic_of(code=code), starts=None, now=self.world.now)
        self._count("replay", bool(moved))
        return f"{code} {moved}"

    def _change_directory(self) -> str:
        suspended = frozenset(self._codes[:1]) if self._random.random() < 0.5 else frozenset()
        self._count("bank suspended" if suspended else "directory changes")
        self._version += 1
        self._mishaps.active = False
        self.world.publish_directory(self._town.document(version=self._version, suspended=suspended))
        return f"version {self._version}, suspended {sorted(suspended)}"

    def _count(self, kind: str, times: int = 1) -> None:
        self.counts[kind] += times

    # the evening

    def _calm(self) -> None:
        """Let everything work again until nothing is owed: customers ask until they are answered, what waited too long ends."""
        broker = self.world.broker
        broker.weather = None
        broker.settle()
        for request in self._clerk.requests:
            if not request.answers:
                self._clerk.ask(request)
        self._come_to_rest()
        self.world.wait(7_300)
        self._clerk.expire()
        self.trace.append(f"{self.world.now:%H:%M:%S} calm")

    def _come_to_rest(self) -> None:
        """Let everybody work until nothing is owed."""
        for _ in range(CALM_ROUNDS):
            if not any(self.world.rows(code, OWED) for code in self._at_work):
                break
            self._calm_round()

    def _calm_round(self) -> None:
        """Let every process that has something to do take turns; when none has, wait for the next repeat."""
        done = 0
        for code in self._at_work:
            if self.world.owes(code):
                done += sum(self.world.relay(code, which) for which in range(len(self.world.relays[code])))
        for code in self._at_work:
            if self.world.has_unread(code):
                done += sum(self.world.consume(code, which) for which in range(len(self.world.consumers[code])))
        self.world.wait(0.5 if done else 8)
