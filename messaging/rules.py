"""Where to go on reading a partition: pure, so that every case of a lost log or a lost database can be tried."""

from dataclasses import dataclass
from enum import Enum

from messaging.broker import Bounds


@dataclass(frozen=True, kw_only=True)
class Place:
    """How far a partition was read, as the database has it; `rewound_from` is where a replay that is under way began."""

    next_offset: int
    cluster_id: str
    rewound_from: int | None = None

    @property
    def furthest(self) -> int:
        """Return how far it was ever read."""
        return max(self.next_offset, self.rewound_from or 0)


class Judgement(Enum):
    """What stored and committed offsets say together."""

    GO_ON = "go on where the database says"
    BEGIN = "begin at the earliest record: nothing was ever read"
    LOG_LOST = "begin at the earliest record: the broker lost its log"
    DATABASE_WENT_BACK = "stop: the broker knows of more than the database"


def judge(*, stored: Place | None, committed: int | None, bounds: Bounds, cluster_id: str) -> Judgement:
    """Judge one partition (protocol rule 9).

    `committed` is what the broker believes this bank has read. It only ever follows the database: when it is ahead, the database went back.
    """
    known = stored if stored is not None and stored.cluster_id == cluster_id else None
    if committed and (known is None or committed > known.furthest):
        return Judgement.DATABASE_WENT_BACK
    if stored is None:
        return Judgement.BEGIN
    if known is None or known.next_offset > bounds[1]:
        return Judgement.LOG_LOST
    return Judgement.GO_ON


def resend_after_s(*, attempts: int, first_s: float, longest_s: float, chance: float) -> float:
    """Return how long to wait for an answer after this many publications: doubling to a limit, `chance` (0 to 1) spreads it by 25 %."""
    return float(min(longest_s, first_s * 2.0 ** min(attempts - 1, 30))) * (0.75 + chance / 2)
