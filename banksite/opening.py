"""Opening a bank: what must exist before it serves anyone, made where it is missing."""

from collections.abc import Callable
from datetime import datetime

import messaging.services
from access.services import open_access
from access.site import this_bank
from accounts import numbers
from accounts.services import open_internal_accounts

_OF_EVERY_CURRENCY: tuple[Callable[[str], str], ...] = (numbers.cash, numbers.fees, numbers.suspense, numbers.settlement)


def open_bank(*, now: datetime) -> dict[str, str]:
    """Make roles, the user `system`, the bank's own accounts and missing keys; return the public keys by their use. Safe to repeat.

    Raises KeyFileUnusable.
    """
    open_access()
    bank = this_bank()
    if not bank.is_head_bank:
        open_internal_accounts(numbers=[of(currency) for currency in bank.currencies for of in _OF_EVERY_CURRENCY], now=now)
    files = {"messages": bank.message_key_file, "tokens": bank.token_key_file}
    return {use: messaging.services.ensure_own_key(use=use, file=file, now=now) for use, file in files.items() if file}
