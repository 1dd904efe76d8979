"""Every test of webhooks happens in a furnished bank that allows nothing beyond https to the public internet."""

from collections.abc import Iterator

import pytest

from access.site import acting_as
from transfers.tests import people


@pytest.fixture(autouse=True)
def bank(db: None) -> Iterator[None]:
    with acting_as(people.SITE):
        people.furnish()
        yield
