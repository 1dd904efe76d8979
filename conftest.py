"""What all tests share: a flush that the immutability triggers let pass, and real servers where a test asks for them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import TransactionTestCase
from hypothesis import Phase, settings

from access import triggers
from banksite.machine.kafka import KafkaServer

settings.register_profile("banks", deadline=None, database=None, print_blob=True)  # a busy machine is slow, not wrong
settings.register_profile("planted", settings.get_profile("banks"), phases=(Phase.explicit, Phase.generate))  # found is enough
settings.load_profile("banks")


def pytest_sessionstart() -> None:
    """Find the lists of the admin, as whoever serves pages does: tests that walk them are collected before any page is asked for."""
    admin.autodiscover()


_flush: Callable[[TransactionTestCase], None] = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # noqa: SLF001  # Django has no hook here


def _flush_without_triggers(case: TransactionTestCase) -> None:
    """Empty the database after a committing test; what refuses every DELETE is away for just that long."""
    with triggers.lifted():
        _flush(case)


TransactionTestCase._fixture_teardown = _flush_without_triggers  # type: ignore[attr-defined]  # noqa: SLF001  # see above


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """Return a real Kafka broker, the same for the whole run; tests keep apart by the names of their banks."""
    with KafkaServer(folder=tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Drive the machine's own Chromium, which fetches nothing of its own."""
    from banksite.machine.chromium import ensure_chromium  # noqa: PLC0415  # installs it where it is missing: only for tests that need it

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync"]  # and no look-ups of its own:
    quiet += ["--disable-background-networking", "--disable-component-update"]
    return {**browser_type_launch_args, "executable_path": str(ensure_chromium()), "args": quiet}
