"""Banks to attack: those of the desk, with something of everything in them."""

from tests.desk.conftest import bank, head_bank, site

__all__ = ["bank", "head_bank", "site"]
