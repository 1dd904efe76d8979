"""Locking the accounts of transfers, the clearing account of a bank met for the first time included."""

from collections.abc import Collection, Sequence
from datetime import datetime

from accounts import ledger, numbers
from accounts.services import open_internal_accounts
from transfers.entry import Entry
from transfers.rules import clearing_of, parties


def lock_with_clearing(entries: Sequence[Entry], *, now: datetime, also: Collection[str] = ()) -> ledger.Locked:
    """Lock the accounts that booking the entries touches, opening a clearing account at its first use; holds they name come first.

    `also` names further accounts to lock with them.
    """
    wanted = {number for entry in entries for number in parties(entry)} | {*also}
    wanted |= {numbers.fees(entry.currency) for entry in entries if entry.fee_minor}
    holds = [entry.hold for entry in entries if entry.hold]
    locked = ledger.lock(numbers=wanted, holds=holds)
    missing = {clearing for entry in entries if (clearing := clearing_of(entry)) and clearing not in locked.accounts}
    if not missing:
        return locked
    open_internal_accounts(numbers=missing, now=now)
    return ledger.lock(numbers=wanted, holds=holds)
