"""A bank at work behind the desk."""

from collections.abc import Iterator

import pytest
from axes.utils import reset
from django.core.cache import cache

from tests.desk.bank import furnish


@pytest.fixture
def bank(db: None) -> Iterator[None]:
    """Open a bank in which there is something of everything."""
    cache.clear()
    furnish()
    yield
    reset()
