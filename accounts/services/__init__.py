"""What changes customers, accounts, cards and holds; money moves through `accounts/ledger.py` only."""

from accounts.services.internal import open_internal_accounts

__all__ = ["open_internal_accounts"]
