"""The ledger in the admin: everything to look at, and what may be done to customers, accounts, cards and holds."""

from accounts.admin import accounts, cards, customers, journal, mandates, programs, tills

__all__ = ["accounts", "cards", "customers", "journal", "mandates", "programs", "tills"]
