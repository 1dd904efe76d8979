"""The lines of docs/webhooks.md believe what we sign, and nothing else."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from webhooks import signing


@pytest.fixture(autouse=True)
def bank() -> None:
    """A receiver is no bank."""


@pytest.fixture
def verified() -> Callable[..., bool]:
    """Return the function as a reader copies it."""
    text = (Path(settings.BASE_DIR) / "docs/webhooks.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    found: Callable[..., bool] = names["verified"]
    return found


class TestTheDocument:
    def test_verifies_what_was_signed_by_either_secret(self, verified: Callable[..., bool]) -> None:
        old, new = signing.new_secret(), signing.new_secret()
        headers = signing.headers(name="w-1", body=b"{}", secrets=[new, old], now=timezone.now())

        assert verified(new, headers, b"{}")
        assert verified(old, headers, b"{}")

    @pytest.mark.parametrize("forged", [{"webhook-id": "w-2"}, {"webhook-timestamp": "1"}, {"webhook-signature": "v1,AAAA"}])
    def test_refuses_what_was_not(self, verified: Callable[..., bool], forged: dict[str, str]) -> None:
        secret = signing.new_secret()
        headers = signing.headers(name="w-1", body=b"{}", secrets=[secret], now=timezone.now())

        assert not verified(secret, headers | forged, b"{}")
        assert not verified(secret, headers, b"{ }")
        assert not verified(signing.new_secret(), headers, b"{}")
