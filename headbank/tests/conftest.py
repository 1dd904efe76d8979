"""What the tests of the register share: a head bank with two persons who may manage it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from access.models import User
from access.site import Site, acting_as
from access.tests.people import employ


@pytest.fixture(autouse=True)
def head_bank(tmp_path: Path) -> Iterator[Site]:
    site = Site(role="headbank", code="HEAD", name="Head Bank", country="NL", currencies=("EUR",), message_key_file=tmp_path / "head.pem")
    with acting_as(site):
        yield site


@pytest.fixture
def rita(db: None) -> User:
    return employ("rita", "headbank.manage_banks", "headbank.register_bank", "headbank.publish_directory")


@pytest.fixture
def otto(db: None) -> User:
    return employ("otto", "headbank.manage_banks")
