"""Whom a user acts for: everybody, or the customers that gave a mandate; what is out of reach looks as if it did not exist."""

from uuid import UUID

from django.db.models import Q

from access.models import User
from accounts.errors import AccountUnknown, CardUnknown, CustomerUnknown, HoldUnknown
from accounts.models import Account, Card, Customer, Hold, Mandate


def within(*, reach: User | None, customer: str) -> Q:
    """Return the condition for rows that the user may reach, `customer` being the way to the customer's id; None reaches everything."""
    if reach is None or reach.acts_for_all:
        return Q()
    return Q(**{f"{customer}__in": Mandate.objects.filter(user=reach).values("customer_id")})


def require_customer(*, by: User, customer_id: UUID) -> None:
    """Raise CustomerUnknown unless the user acts for the customer; no query where it acts for all."""
    if not by.acts_for_all and not Customer.objects.filter(within(reach=by, customer="id"), id=customer_id).exists():
        raise CustomerUnknown(customer=str(customer_id))


def require_account(*, by: User, number: str) -> None:
    """Raise AccountUnknown unless the user acts for the holder; no query where it acts for all."""
    if not by.acts_for_all and not Account.objects.filter(within(reach=by, customer="customer_id"), number=number).exists():
        raise AccountUnknown(account=number)


def require_card(*, by: User, card_id: UUID) -> None:
    """Raise CardUnknown unless the user acts for the holder; no query where it acts for all."""
    if not by.acts_for_all and not Card.objects.filter(within(reach=by, customer="account__customer_id"), id=card_id).exists():
        raise CardUnknown(card=str(card_id))


def require_hold(*, by: User, hold_id: UUID) -> None:
    """Raise HoldUnknown unless the user acts for the holder; no query where it acts for all."""
    if not by.acts_for_all and not Hold.objects.filter(within(reach=by, customer="account__customer_id"), id=hold_id).exists():
        raise HoldUnknown(hold=str(hold_id))
