"""What goes wrong at a durable step, drawn from the seed and counted."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from random import Random

from django.db import OperationalError

from messaging.errors import BrokerError

BROKER_STEPS = ("before publish", "after publish", "before poll", "before commit offsets")
COMMIT_STEPS = ("before commit", "after commit")
BETWEEN = "between transactions"
RARE = {"before publish": 3, "after publish": 3, "before commit offsets": 4}  # steps taken so seldom that they need more mishaps
KINDS = frozenset(
    {"database busy"}
    | {f"crash {step}" for step in (*BROKER_STEPS, *COMMIT_STEPS)}
    | {f"broker fails {step}" for step in BROKER_STEPS}
    | {f"meddling {step}" for step in (*BROKER_STEPS, BETWEEN)}
)


class Crash(BaseException):
    """The process ends here: nothing of ours may catch it."""


class Mishaps:
    """Decides at every durable step whether the process dies, the other side fails, or somebody else gets in between."""

    def __init__(self, random: Random, *, meddle: Callable[[], None]) -> None:
        self._random, self._meddle = random, meddle
        self.counts: Counter[str] = Counter()
        self.active = False
        self._alone = True
        self.crash, self.broker, self.database, self.between = (self._chance(most) for most in (0.06, 0.08, 0.05, 0.12))

    def at(self, step: str) -> None:
        """Let happen what the seed says about this step; raises Crash, BrokerError, OperationalError."""
        if not self.active:
            return
        often = RARE.get(step, 1)
        if step != BETWEEN and self._random.random() < self.crash * often:
            self.counts[f"crash {step}"] += 1
            raise Crash(step)
        if step in BROKER_STEPS:
            if self._random.random() < self.broker * often:
                self.counts[f"broker fails {step}"] += 1
                raise BrokerError(f"the broker failed {step}")
        elif step == "before commit" and self._random.random() < self.database:
            self.counts["database busy"] += 1
            raise _busy()
        if self._alone and (step == BETWEEN or step in BROKER_STEPS) and self._random.random() < self.between * often:
            self._alone = False
            try:
                self.counts[f"meddling {step}"] += 1
                self._meddle()
            finally:
                self._alone = True

    def _chance(self, most: float) -> float:
        """Return how often a kind of mishap comes in this seed: never in every third, so that kinds are also seen alone."""
        return 0.0 if self._random.random() < 1 / 3 else self._random.uniform(most / 4, most)


def _busy() -> OperationalError:
    """Return what SQLite says when another process holds the database."""
    cause = sqlite3.OperationalError("database is locked")
    cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
    error = OperationalError("database is locked")
    error.__cause__ = cause
    return error
