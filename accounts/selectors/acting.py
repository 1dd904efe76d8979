"""The accounts a user acts for, by number: everybody's, or those of customers who gave the program a mandate."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import QuerySet

from access.models import User
from accounts.models import Account, Mandate


def within_reach(*, user: User, numbers: Collection[str]) -> frozenset[str]:
    """Return those of the account numbers that the user acts for; all of them, unread, for who acts for the whole bank."""
    if user.acts_for_all or not numbers:
        return frozenset(numbers)
    return frozenset(_mandated(user).filter(number__in=set(numbers)).values_list("number", flat=True))


def reach_of(*, user: User) -> frozenset[str] | None:
    """Return the numbers of all accounts the user acts for; None is the whole bank."""
    return None if user.acts_for_all else frozenset(_mandated(user).values_list("number", flat=True))


def reach_of_each(*, users: Collection[User], numbers: Collection[str]) -> dict[int, frozenset[str] | None]:
    """Return which of the account numbers each user acts for, by the user's id, in one query for all of them; None is the whole bank."""
    programs = [user.pk for user in users if not user.acts_for_all]
    found: dict[int, set[str]] = defaultdict(set)
    if programs and numbers:
        mandates = Mandate.objects.filter(user__id__any=programs, customer__accounts__number__any=list(numbers))
        for user, number in mandates.values_list("user_id", "customer__accounts__number"):
            found[user].add(number)
    return {user.pk: None if user.acts_for_all else frozenset(found[user.pk]) for user in users}


def _mandated(user: User) -> QuerySet[Account]:
    return Account.objects.filter(customer_id__in=Mandate.objects.filter(user=user).values("customer_id"))
