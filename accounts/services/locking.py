"""One customer or account, locked, to change what is not money about it."""

from uuid import UUID

from accounts import ledger
from accounts.errors import AccountClosed, AccountInternal, AccountUnknown, CustomerClosed, CustomerUnknown
from accounts.models import Customer


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


def lock_customer(customer_id: UUID) -> Customer:
    """Lock a customer who has not left, so that nobody closes what another is opening for."""
    customer = Customer.objects.select_for_update(no_key=True).filter(id=customer_id).first()
    if customer is None:
        raise CustomerUnknown(customer=str(customer_id))
    if customer.closed_at is not None:
        raise CustomerClosed(customer=str(customer_id))
    return customer
