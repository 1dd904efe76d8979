"""Opening a bank: what must exist before it serves anyone, made where it is missing."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

import messaging.services
from access import audit
from access.models import AuditEvent
from access.services import open_access
from access.site import this_bank
from accounts import numbers
from accounts.services import open_internal_accounts

SETTINGS_CHANGED = "settings.changed"
_OF_EVERY_CURRENCY: tuple[Callable[[str], str], ...] = (numbers.cash, numbers.fees, numbers.suspense, numbers.settlement)


def open_bank(*, now: datetime) -> dict[str, str]:
    """Make roles, the user `system`, the bank's own accounts and missing keys; return the public keys by their use. Safe to repeat.

    Raises KeyFileUnusable.
    """
    open_access()
    bank = this_bank()
    if not bank.is_head_bank:
        open_internal_accounts(numbers=[of(currency) for currency in bank.currencies for of in _OF_EVERY_CURRENCY], now=now)
    _note_settings(now=now)
    files = {"messages": bank.message_key_file, "tokens": bank.token_key_file}
    return {use: messaging.services.ensure_own_key(use=use, file=file, now=now) for use, file in files.items() if file}


def _note_settings(*, now: datetime) -> None:
    """Add to the audit trail what the environment sets otherwise than when the bank was last opened."""
    subject, wanted = f"settings:{this_bank().code}", _settings()
    with transaction.atomic():
        last = AuditEvent.objects.filter(subject=subject, action=SETTINGS_CHANGED).order_by("-id").first()
        known: dict[str, Any] = last.after if last else {}
        if wanted != known:
            reason = "by the environment, seen by open_bank"
            audit.record(actor=None, action=SETTINGS_CHANGED, subject=subject, before=known, after=wanted, reason=reason, now=now)


def _settings() -> dict[str, Any]:
    """Return how this bank is configured, as plain JSON, without the places of its keys."""
    values = {name: value for name, value in asdict(this_bank()).items() if not name.endswith("_file")}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
