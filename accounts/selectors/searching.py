"""What the box finds among customers, accounts and cards, each by an index (PostgreSQL; a small bank's SQLite reads through)."""

from typing import NamedTuple

import msgspec
from django.db.models import Q

from access.models import User
from accounts.models import Account, Card, Customer
from accounts.selectors.found import CustomerRow
from accounts.selectors.reach import within

_FEWEST = 3  # characters that a trigram index can look for
_DIGITS_OF_PHONE = 5


class AccountFound(NamedTuple):
    """An account that was looked for."""

    number: str
    kind: str
    status: str
    holder_name: str


class CardFound(NamedTuple):
    """A card that was looked for, with whose it is."""

    last_four: str
    brand: str
    status: str
    account: str
    holder_name: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Customers, accounts and cards, at most as many of each as were asked for."""

    customers: list[CustomerRow]
    accounts: list[AccountFound]
    cards: list[CardFound]


def search(*, text: str, reach: User, limit: int = 20) -> Found:
    """Return what fits: part of a name, of a phone number or of an account number, or a card's last four digits.

    Fewer than three characters find nothing: no index helps to look for them.
    """
    wanted = " ".join(text.replace("\0", "").split())
    compact = wanted.replace(" ", "").upper()
    if len(compact) < _FEWEST:
        return Found(customers=[], accounts=[], cards=[])
    return Found(customers=_customers(wanted, reach, limit), accounts=_accounts(compact, reach, limit), cards=_cards(compact, reach, limit))


def _customers(wanted: str, reach: User, limit: int) -> list[CustomerRow]:
    digits = "".join(sign for sign in wanted if sign.isdecimal()).lstrip("0")  # 020 ... is +31 20 ... without its country
    matching = Q(name__icontains=wanted)
    if not any(sign.isalpha() for sign in wanted):
        if len(digits) < _DIGITS_OF_PHONE:
            return []
        matching = Q(phone__contains=digits)
    found = Customer.objects.filter(matching, within(reach=reach, customer="id")).order_by("name", "id")
    return [CustomerRow(*row) for row in found.values_list(*CustomerRow.__struct_fields__)[:limit]]


def _accounts(compact: str, reach: User, limit: int) -> list[AccountFound]:
    if not compact.isalnum() or not any(sign.isdecimal() for sign in compact):
        return []  # no part of an IBAN that tells accounts apart
    found = Account.objects.filter(within(reach=reach, customer="customer_id"), number__contains=compact).order_by("number")
    return [AccountFound(*row) for row in found.values_list(*AccountFound._fields)[:limit]]


def _cards(compact: str, reach: User, limit: int) -> list[CardFound]:
    if len(compact) != 4 or not compact.isdecimal():
        return []
    found = Card.objects.filter(within(reach=reach, customer="account__customer_id"), last_four=compact).order_by("-id")
    columns = ("last_four", "brand", "status", "account__number", "account__holder_name")
    return [CardFound(*row) for row in found.values_list(*columns)[:limit]]
