"""The tables of the ledger, and of the tills that are part of it."""

from accounts.models.ledger import (
    CUSTOMER_KINDS,
    STRIPES,
    Account,
    BalanceStripe,
    Card,
    Customer,
    Hold,
    Mandate,
    NumberSeries,
    Posting,
    Spend,
)
from accounts.models.tills import TillSession

__all__ = [
    "CUSTOMER_KINDS",
    "STRIPES",
    "Account",
    "BalanceStripe",
    "Card",
    "Customer",
    "Hold",
    "Mandate",
    "NumberSeries",
    "Posting",
    "Spend",
    "TillSession",
]
