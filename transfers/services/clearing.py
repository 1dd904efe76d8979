"""Locking the accounts of transfers, the clearing account of a bank met for the first time included."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from accounts import ledger, numbers
from accounts.services import open_internal_accounts
from transfers.entry import Entry
from transfers.rules import parties


def lock_with_clearing(entries: Sequence[Entry], *, now: datetime, others: Iterable[str] = ()) -> ledger.Locked:
    """Lock the accounts that booking the entries touches, opening a clearing account at its first use; holds they name come first."""
    wanted = {number for entry in entries for number in parties(entry)} | set(others)
    wanted |= {numbers.fees(entry.currency) for entry in entries if entry.fee_minor}
    holds = [entry.hold for entry in entries if entry.hold]
    locked = ledger.lock(numbers=wanted, holds=holds)
    missing = {number for number in wanted - locked.accounts.keys() if _is_clearing(number)}
    if not missing:
        return locked
    open_internal_accounts(numbers=missing, now=now)
    return ledger.lock(numbers=wanted, holds=holds)


def _is_clearing(number: str) -> bool:
    named = numbers.parse(number)
    return named is not None and named.kind == numbers.Kind.CLEARING
