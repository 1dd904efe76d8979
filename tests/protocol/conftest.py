"""What the proof of the protocol shares: one town in a process, and which seeds to live through."""

import logging
from collections.abc import Iterator
from random import Random

import pytest
from pytest_django.plugin import DjangoDbBlocker

from access import retry
from tests.protocol.banks import Town
from tests.protocol.world import World

SEEDS, CHUNK = 2_000, 100


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="live through this one day only, and tell it")
    parser.addoption("--first-seed", type=int, default=0, help=f"live through {SEEDS} days from this one on")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seeds" in metafunc.fixturenames:
        only, first = (metafunc.config.getoption(name, None) for name in ("--seed", "--first-seed"))
        first = first or 0
        chunks = [range(only, only + 1)] if only is not None else [range(n, n + CHUNK) for n in range(first, first + SEEDS, CHUNK)]
        metafunc.parametrize("seeds", chunks, ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Town:
    with django_db_blocker.unblock():
        return Town(tmp_path_factory.mktemp("keys"))


@pytest.fixture(autouse=True)
def own_time(django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Use the banks' own databases, wait for nobody (time is the simulator's), and keep what goes wrong out of the log: it is meant to."""
    monkeypatch.setattr(retry, "_PAUSE_S", 0.0)
    logging.disable(logging.CRITICAL)
    with django_db_blocker.unblock():
        yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def world(town: Town) -> World:
    """BNKA, BNKB and BNKC in the morning, at work and without mishaps."""
    world = World(town, random=Random(7), codes=("BNKA", "BNKB", "BNKC"))
    world.converse(rounds=1, pause_s=10)  # letter boxes are open
    return world
