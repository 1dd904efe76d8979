"""The staff of these tests: two people who may do everything, so that one can decide what the other asked."""

import pytest

from access.models import User
from access.tests.people import employ
from accounts import permissions

EVERYTHING = [value for name, value in vars(permissions).items() if name.isupper()]


@pytest.fixture
def tess(db: None) -> User:
    return employ("tess", *EVERYTHING)


@pytest.fixture
def sam(db: None) -> User:
    return employ("sam", *EVERYTHING)
