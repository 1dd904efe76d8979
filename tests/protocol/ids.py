"""Ids that a seed decides: an id names a partition, so it decides who reads what first."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from random import Random
from typing import Any

from uuid_utils import compat


@contextmanager
def seeded_ids(random: Random) -> Iterator[None]:
    """Let uuid7 count upwards with random bits of the seed instead of the time's."""
    ids: Any = compat  # what its functions count with is no part of its types
    before, numbers = ids._uuid7_int, count(1)

    def next_int(*, nanoseconds: int | None = None) -> int:
        return next(numbers) << 80 | 7 << 76 | 2 << 62 | random.getrandbits(62)

    ids._uuid7_int = next_int
    try:
        yield
    finally:
        ids._uuid7_int = before
