"""Bank A with a token key, empty counters, and somebody to ask it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axes.utils import reset
from django.core.cache import cache

from tests.api.bank import Api, bank_with_keys


@pytest.fixture(autouse=True)
def open_bank(db: None, tmp_path: Path) -> Iterator[None]:
    cache.clear()
    with bank_with_keys(tmp_path):
        yield
    reset()


@pytest.fixture
def api() -> Api:
    return Api()
