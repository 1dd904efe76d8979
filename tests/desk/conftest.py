"""A bank at work behind the desk, and a head bank at work behind its own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axes.utils import reset
from django.core.cache import cache

from tests.desk import bank as of_bank
from tests.desk import head_bank as of_head_bank

Work = Callable[[int], None]


@pytest.fixture
def bank(db: None) -> Iterator[Work]:
    """Open a bank in which there is something of everything; return how to let it work more."""
    cache.clear()
    of_bank.furnish()
    yield of_bank.work
    reset()


@pytest.fixture
def head_bank(db: None, settings: Any) -> Iterator[Work]:
    """Open a head bank in which there is something of everything; return how to let it work more."""
    settings.SITE, settings.ROOT_URLCONF = of_head_bank.SITE, of_head_bank.URLS
    cache.clear()
    of_head_bank.furnish()
    yield of_head_bank.work
    reset()


@pytest.fixture(params=["bank", "head_bank"])
def site(db: None, request: pytest.FixtureRequest) -> Work:
    """Open each kind of bank in turn; return how to let it work more."""
    work: Work = request.getfixturevalue(request.param)
    return work
