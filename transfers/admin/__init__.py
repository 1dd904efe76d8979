"""Transfers in the admin, and what this bank and the others agree on."""

from transfers.admin import agreement, orders, recovery

__all__ = ["agreement", "orders", "recovery"]
