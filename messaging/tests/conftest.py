"""What the tests of messaging share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from messaging.memory import MemoryBroker
from messaging.tests.banks import Host, World


@pytest.fixture
def world(tmp_path: Path, db: None) -> World:
    """HEAD, BNKA and BNKB around a broker in memory; the database is BNKB's unless the test acts as another."""
    world = World(broker=MemoryBroker(), folder=tmp_path)
    world.open_letter_boxes()
    return world


@pytest.fixture
def bert(world: World) -> Iterator[World]:
    """BNKB, which knows the directory and acts."""
    world.publish_directory()
    with world.bert.acting():
        yield world


@pytest.fixture
def host() -> Host:
    return Host()
