"""Ids that a seed decides: an id names a partition, so it decides who reads what first."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from random import Random

import uuid_utils.compat


@contextmanager
def seeded_ids(random: Random) -> Iterator[None]:
    """Let uuid7 count upwards with random bits of the seed instead of the time's."""
    before, numbers = uuid_utils.compat._uuid7_int, count(1)

    def next_int(*, nanoseconds: int | None = None) -> int:
        return next(numbers) << 80 | 7 << 76 | 2 << 62 | random.getrandbits(62)

    uuid_utils.compat._uuid7_int = next_int
    try:
        yield
    finally:
        uuid_utils.compat._uuid7_int = before
