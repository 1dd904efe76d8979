"""What changes customers, accounts, cards and holds; money moves through `accounts/ledger.py` only."""

from accounts.services.cards import IssuedCard, block_card, issue_card, replace_card, unblock_card
from accounts.services.holds import expire_holds, place_hold, release_hold
from accounts.services.internal import open_internal_accounts, set_cover
from accounts.services.mandates import grant_mandate, revoke_mandate
from accounts.services.opening import OpenedCustomer, change_customer, close_customer, open_account, open_customer
from accounts.services.standing import (
    ask_unfreeze,
    close_account,
    freeze_account,
    raise_credit_limit,
    set_credit_limit,
    unfreeze_account,
)

__all__ = [
    "IssuedCard",
    "OpenedCustomer",
    "ask_unfreeze",
    "block_card",
    "change_customer",
    "close_account",
    "close_customer",
    "expire_holds",
    "freeze_account",
    "grant_mandate",
    "issue_card",
    "open_account",
    "open_customer",
    "open_internal_accounts",
    "place_hold",
    "raise_credit_limit",
    "release_hold",
    "replace_card",
    "revoke_mandate",
    "set_cover",
    "set_credit_limit",
    "unblock_card",
    "unfreeze_account",
]
