"""Opening a bank: what must exist before it serves anyone, made where it is missing."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from access.services import open_access
from access.site import this_bank
from accounts import numbers
from accounts.services import open_internal_accounts
from messaging import signing
from messaging.models import OwnKey

_OF_EVERY_CURRENCY: tuple[Callable[[str], str], ...] = (numbers.cash, numbers.fees, numbers.suspense, numbers.settlement)


def open_bank(*, now: datetime) -> list[str]:
    """Make roles, the user `system`, the bank's own accounts and missing keys; return what was said about keys. Safe to repeat.

    Raises KeyFileUnusable.
    """
    open_access()
    bank = this_bank()
    if not bank.is_head_bank:
        open_internal_accounts(numbers=[of(currency) for currency in bank.currencies for of in _OF_EVERY_CURRENCY], now=now)
    files = {"messages": bank.message_key_file, "tokens": bank.token_key_file}
    return [_open_key(use=use, file=file, now=now) for use, file in files.items() if file is not None]


def _open_key(*, use: str, file: Path, now: datetime) -> str:
    """Create the key file where there is none, and write down its public half."""
    key = signing.load_key_file(file=file) if file.exists() else signing.create_key_file(file=file)
    OwnKey.objects.get_or_create(key_id=key.key_id, defaults={"use": use, "public_key": key.public_key, "created_at": now})
    return f"key for {use}: {key.key_id}"
