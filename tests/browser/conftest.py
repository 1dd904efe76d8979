"""What the tests in a browser share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def base_url() -> str:
    """Return no address: each test asks its own live server. The plugin's fixture of this name warns under this pytest."""
    return ""


@pytest.fixture(scope="session", autouse=True)
def synchronous_orm() -> Iterator[None]:
    """Let the tests' thread use the ORM, the flush after each test included, although Playwright keeps an event loop in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield
