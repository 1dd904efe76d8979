"""Whom a user acts for: everybody, or the customers that gave a mandate; what is out of reach looks as if it did not exist."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from access.models import User
from accounts.errors import AccountUnknown, CardUnknown, CustomerUnknown, HoldUnknown
from accounts.models import Account, Card, Customer, Hold, Mandate


def within(*, reach: User | None, customer: str) -> Q:
    """Return the condition for rows that the user may reach, `customer` being the way to the customer's id; None reaches everything."""
    if reach is None or reach.acts_for_all:
        return Q()
    return Q(**{f"{customer}__in": Mandate.objects.filter(user=reach).values("customer_id")})


def within_reach(*, user: User, numbers: Collection[str]) -> frozenset[str]:
    """Return those of the account numbers that the user acts for; all of them, unread, for who acts for the whole bank."""
    if user.acts_for_all or not numbers:
        return frozenset(numbers)
    return frozenset(_accounts(user).filter(number__in=set(numbers)).values_list("number", flat=True))


def reach_of(*, user: User) -> frozenset[str] | None:
    """Return the numbers of all accounts the user acts for; None is the whole bank."""
    return None if user.acts_for_all else frozenset(_accounts(user).values_list("number", flat=True))


def reach_of_each(*, users: Collection[User], numbers: Collection[str]) -> dict[int, frozenset[str] | None]:
    """Return which of the account numbers each user acts for, by the user's id, in one query for all of them; None is the whole bank."""
    programs = [user.pk for user in users if not user.acts_for_all]
    found: dict[int, set[str]] = defaultdict(set)
    if programs and numbers:
        mandates = Mandate.objects.filter(user__id__any=programs, customer__accounts__number__any=list(numbers))
        for user, number in mandates.values_list("user_id", "customer__accounts__number"):
            found[user].add(number)
    return {user.pk: None if user.acts_for_all else frozenset(found[user.pk]) for user in users}


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


def _accounts(user: User) -> QuerySet[Account]:
    """Return the accounts of the customers who gave the user a mandate."""
    return Account.objects.filter(within(reach=user, customer="customer_id"))
