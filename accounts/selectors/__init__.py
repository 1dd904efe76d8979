"""What customers, accounts, cards and holds look like, as frozen rows."""

from accounts.selectors.found import (
    AccountRow,
    CardRow,
    CustomerRow,
    HoldRow,
    account_by_number,
    accounts_of,
    balances,
    cards_of,
    customer_by_id,
    find_accounts,
    find_customers,
    holds_of,
    internal_accounts,
    is_mandated,
    mandates_of,
)
from accounts.selectors.reach import require_account, require_card, require_customer, require_hold, within
from accounts.selectors.statements import StatementLine, balance_at, statement

__all__ = [
    "AccountRow",
    "CardRow",
    "CustomerRow",
    "HoldRow",
    "StatementLine",
    "account_by_number",
    "accounts_of",
    "balance_at",
    "balances",
    "cards_of",
    "customer_by_id",
    "find_accounts",
    "find_customers",
    "holds_of",
    "internal_accounts",
    "is_mandated",
    "mandates_of",
    "require_account",
    "require_card",
    "require_customer",
    "require_hold",
    "statement",
    "within",
]
