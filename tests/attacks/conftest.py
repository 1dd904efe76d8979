"""Banks to attack: those of the desk, with something of everything in them."""

import pytest

from tests.desk.conftest import bank, head_bank, site

__all__ = ["bank", "head_bank", "site"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--records", type=int, default=500, help="strange records to write")
    parser.addoption("--record-seed", type=int, default=7, help="what the strange records are made from")
