"""Forty days on which the head bank settles while everything goes wrong: in the evening nobody owes anybody anything."""

from collections import Counter

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.protocol.banks import Town
from tests.protocol.settling import HeadBank
from tests.protocol.settling_day import KINDS, SettlingDay
from tests.protocol.test_simulator import live

DAYS, CHUNK = 40, 20


@pytest.fixture(scope="session")
def head(town: Town, django_db_blocker: DjangoDbBlocker) -> HeadBank:
    with django_db_blocker.unblock():
        return HeadBank(town, town.folder)


@pytest.mark.parametrize("first", range(0, DAYS, CHUNK))
def test_a_day_ends_with_everything_settled(town: Town, head: HeadBank, first: int) -> None:
    counts: Counter[str] = Counter()

    for seed in range(first, first + CHUNK):
        day = SettlingDay(town, head, seed=seed)
        found = live(day)
        counts += day.counts
        if found:
            print(*day.trace, sep="\n")
        assert not found, f"seed {seed}\n" + "\n".join(found)

    assert counts.keys() >= KINDS, f"never happened: {sorted(KINDS - counts.keys())}"
