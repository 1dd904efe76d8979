"""One account, locked, to change what is not money about it."""

from accounts import ledger
from accounts.errors import AccountClosed, AccountInternal, AccountUnknown


def lock_customer_account(*, number: str) -> ledger.AccountState:
    """Lock a customer's account that is not closed and return it; raises AccountUnknown, AccountInternal, AccountClosed."""
    account = ledger.lock(numbers=[number]).accounts.get(number)
    if account is None:
        raise AccountUnknown(account=number)
    if account.customer_id is None:
        raise AccountInternal(account=number)
    if account.status == "closed":
        raise AccountClosed(account=number)
    return account
