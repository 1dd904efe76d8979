"""Customers, accounts, cards and holds as rows that do not change under who shows them."""

from collections.abc import Collection, Iterable
from datetime import date
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from access.models import User
from accounts import numbers
from accounts.errors import AccountUnknown, CardUnknown, CustomerUnknown, HoldUnknown
from accounts.iban import is_iban
from accounts.models import CUSTOMER_KINDS, Account, BalanceStripe, Card, Customer, Hold, Mandate
from accounts.selectors.moments import Moment
from accounts.selectors.reach import within


class CustomerRow(msgspec.Struct, frozen=True):
    """A customer."""

    id: UUID
    name: str
    phone: str
    email: str
    opened_at: Moment
    closed_at: Moment | None


class AccountRow(msgspec.Struct, frozen=True):
    """An account with what it holds, in minor units; a striped one's balance is the sum of its stripes."""

    number: str
    kind: str
    currency: str
    status: str
    holder_name: str
    customer_id: UUID | None
    balance_minor: int
    held_minor: int
    floor_minor: int | None
    striped: bool
    opened_at: Moment
    closed_at: Moment | None

    @property
    def available_minor(self) -> int | None:
        """Return what may leave, None where nothing limits it."""
        return None if self.floor_minor is None else self.balance_minor - self.held_minor - self.floor_minor


class HoldRow(msgspec.Struct, frozen=True):
    """A hold on an account."""

    id: UUID
    account: str
    currency: str
    amount_minor: int
    purpose: str
    status: str
    captured_minor: int
    placed_at: Moment
    expires_at: Moment | None
    ended_at: Moment | None


class CardRow(msgspec.Struct, frozen=True):
    """A card as anybody may see it."""

    id: UUID
    account: str
    brand: str
    last_four: str
    expires_date: date
    status: str
    issued_at: Moment


class MandateRow(msgspec.Struct, frozen=True):
    """A customer who lets a program act."""

    customer_id: UUID
    granted_at: Moment


def account_by_number(*, number: str, reach: User | None = None) -> AccountRow:
    """Return the account; raises AccountUnknown, also where it is out of reach."""
    for row in _account_rows(Account.objects.filter(within(reach=reach, customer="customer_id"), number=number)):
        return row
    raise AccountUnknown(account=number)


def accounts_of(*, customer_id: UUID) -> list[AccountRow]:
    """Return a customer's accounts, oldest first, closed ones included."""
    return list(_account_rows(Account.objects.filter(customer_id=customer_id)))


def find_accounts(*, reach: User, customer_id: UUID | None = None, status: str = "", after: str = "", limit: int = 50) -> list[AccountRow]:
    """Return the accounts within reach by number, from behind the one named by `after`."""
    found = Account.objects.filter(within(reach=reach, customer="customer_id"), number__gt=after)
    if customer_id is not None:
        found = found.filter(customer_id=customer_id)
    if status:
        found = found.filter(status=status)
    return list(_account_rows(found, order="number", limit=limit))


def internal_accounts(*, currency: str) -> list[AccountRow]:
    """Return the bank's own accounts in a currency, oldest first."""
    return list(_account_rows(Account.objects.filter(currency=currency).exclude(kind__in=CUSTOMER_KINDS)))


def clearing_balances(*, banks: Collection[str], currencies: Collection[str]) -> dict[tuple[str, str], int]:
    """Return what each of the banks is owed (above 0) or owes, by bank and currency, where there is an account for it."""
    names = {numbers.clearing(bank, currency): (bank, currency) for bank in banks for currency in currencies}
    found = _account_rows(Account.objects.filter(number__in=list(names)))
    return {names[row.number]: row.balance_minor for row in found}


_OWED = """
SELECT a.currency, SUM(s.credits_minor - s.debits_minor) FROM accounts_balancestripe s CROSS JOIN accounts_account a
WHERE a.id = s.account_id AND a.kind = 'clearing' AND a.currency IN ({places}) GROUP BY a.currency
"""


def owed_to_banks(*, currencies: Collection[str]) -> dict[str, int]:
    """Return what this bank owes all other banks together, by currency: below 0, they owe it. Nothing is locked.

    Written by hand because each payment of a bank with a cap asks: from the few stripes to their accounts, never through the customers'.
    """
    places = ", ".join(["%s"] * len(currencies))
    with connection.cursor() as cursor:
        cursor.execute(_OWED.format(places=places), [*currencies])
        return dict.fromkeys(currencies, 0) | {currency: int(owed) for currency, owed in cursor.fetchall()}


def balances(*, currency: str) -> dict[str, int]:
    """Return the balance of each internal account by number, and of all customers' accounts together under `customers`; they sum to 0."""
    own = {account.number: account.balance_minor for account in internal_accounts(currency=currency)}
    customers = Account.objects.filter(currency=currency, kind__in=CUSTOMER_KINDS).aggregate(total=Sum("balance_minor"))
    return own | {"customers": int(customers["total"] or 0)}


def customer_by_id(*, customer_id: UUID, reach: User | None = None) -> CustomerRow:
    """Return the customer; raises CustomerUnknown, also where it is out of reach."""
    for row in Customer.objects.filter(within(reach=reach, customer="id"), id=customer_id).values_list(*CustomerRow.__struct_fields__):
        return CustomerRow(*row)
    raise CustomerUnknown(customer=str(customer_id))


def find_customers(*, text: str, reach: User | None = None, after: tuple[str, UUID] | None = None, limit: int = 20) -> list[CustomerRow]:
    """Return customers by part of the name, the beginning of the phone number, or an account's number; all for no text.

    They come in the order of names and ids, from behind those of `after`.
    """
    wanted = text.strip().replace("\0", "")
    compact = wanted.replace(" ", "")
    matching = Q(name__icontains=wanted) | Q(phone__startswith=compact)
    if is_iban(compact.upper()):
        matching = Q(id__in=Account.objects.filter(number=compact.upper()).values("customer_id"))
    found = Customer.objects.filter(matching, within(reach=reach, customer="id"))
    if after is not None:
        name, customer_id = after
        found = found.filter(Q(name__gt=name) | Q(name=name, id__gt=customer_id))
    rows = found.order_by("name", "id").values_list(*CustomerRow.__struct_fields__)
    return [CustomerRow(*row) for row in rows[:limit]]


def holds_of(*, number: str, only_placed: bool = True, limit: int = 100) -> list[HoldRow]:
    """Return an account's holds, newest first."""
    holds = Hold.objects.filter(account__number=number)
    if only_placed:
        holds = holds.filter(status=Hold.Status.PLACED)
    return _hold_rows(holds, limit=limit)


def find_holds(*, reach: User, number: str = "", status: str = "", before: UUID | None = None, limit: int = 50) -> list[HoldRow]:
    """Return the holds within reach, newest first, from below the id `before`; an empty number or status means any."""
    narrowed = {"account__number": number, "status": status, "id__lt": before}
    given = {name: value for name, value in narrowed.items() if value}
    return _hold_rows(Hold.objects.filter(within(reach=reach, customer="account__customer_id"), **given), limit=limit)


def hold_by_id(*, hold_id: UUID) -> HoldRow:
    """Return the hold; raises HoldUnknown."""
    for row in _hold_rows(Hold.objects.filter(id=hold_id), limit=1):
        return row
    raise HoldUnknown(hold=str(hold_id))


def cards_of(*, customer_id: UUID) -> list[CardRow]:
    """Return a customer's cards, newest first."""
    return _card_rows(Card.objects.filter(account__customer_id=customer_id))


def find_cards(
    *, reach: User, customer_id: UUID | None = None, number: str = "", before: UUID | None = None, limit: int = 50
) -> list[CardRow]:
    """Return the cards within reach, newest first, from below the id `before`; no customer or number means any."""
    narrowed = {"account__customer_id": customer_id, "account__number": number, "id__lt": before}
    given = {name: value for name, value in narrowed.items() if value}
    return _card_rows(Card.objects.filter(within(reach=reach, customer="account__customer_id"), **given), limit=limit)


def card_by_id(*, card_id: UUID) -> CardRow:
    """Return the card; raises CardUnknown."""
    for row in _card_rows(Card.objects.filter(id=card_id)):
        return row
    raise CardUnknown(card=str(card_id))


def is_mandated(*, user: User, customer_id: UUID) -> bool:
    """Return whether the user may act for the customer."""
    return Mandate.objects.filter(user=user, customer_id=customer_id).exists()


def find_mandates(*, user: User, after: UUID | None = None, limit: int = 50) -> list[MandateRow]:
    """Return for whom the user may act, by customer, from behind the one named by `after`."""
    rows = Mandate.objects.filter(user=user, **({"customer_id__gt": after} if after else {})).order_by("customer_id")
    return [MandateRow(*row) for row in rows.values_list("customer_id", "granted_at")[:limit]]


def mandates_of(*, user: User) -> list[UUID]:
    """Return the customers the user may act for."""
    return list(Mandate.objects.filter(user=user).order_by("customer_id").values_list("customer_id", flat=True))


def _hold_rows(holds: QuerySet[Hold], *, limit: int) -> list[HoldRow]:
    columns = ("id", "account__number", "account__currency", *HoldRow.__struct_fields__[3:])
    return [HoldRow(*row) for row in holds.order_by("-id").values_list(*columns)[:limit]]


def _card_rows(cards: QuerySet[Card], *, limit: int | None = None) -> list[CardRow]:
    columns = ("id", "account__number", *CardRow.__struct_fields__[2:])
    return [CardRow(*row) for row in cards.order_by("-id").values_list(*columns)[:limit]]


def _account_rows(accounts: QuerySet[Account], *, order: str = "id", limit: int | None = None) -> Iterable[AccountRow]:
    """Read the accounts with their stripes summed, in one query."""
    stripes = BalanceStripe.objects.filter(account=OuterRef("pk")).values("account").order_by()
    summed = stripes.annotate(total=Sum(F("credits_minor") - F("debits_minor"))).values("total")
    columns = [name if name != "balance_minor" else "summed_minor" for name in AccountRow.__struct_fields__]
    rows = accounts.annotate(summed_minor=F("balance_minor") + Coalesce(Subquery(summed), 0)).order_by(order).values_list(*columns)
    return (_account_row(row) for row in rows[:limit])


def _account_row(row: tuple[object, ...]) -> AccountRow:
    """Return the row with its balance as an integer: PostgreSQL sums bigints as numeric."""
    values = dict(zip(AccountRow.__struct_fields__, row, strict=True))
    values["balance_minor"] = int(str(values["balance_minor"]))
    return AccountRow(**values)  # type: ignore[arg-type]  # the columns named above
