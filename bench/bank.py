"""A bank to measure: its environment, its database, its people, and accounts with money on them."""

import os
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from access.models import User
from access.roles import seed_roles
from access.sets import Insert, execute
from access.site import this_bank
from accounts import iban, numbers
from accounts.models import Account, Customer
from accounts.money import Money
from accounts.services import open_internal_accounts
from transfers import services
from transfers.orders import Accepted, Deposit

EUR = "EUR"
OPENING_MINOR = 10**11
_CHUNK = 1_000
_LIMIT_SQL = Path(__file__).with_name("limit.sql")


def environment(*, code: str, database_url: str, **more: str) -> dict[str, str]:
    """Return the settings of a bank in which no payment waits for a second person."""
    return {
        "BANK_CODE": code,
        "BANK_NAME": f"Bank {code}",
        "CURRENCIES": EUR,
        "APPROVAL_LIMITS": f"{EUR}:{10**15}",
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "banksite.settings",
        "ENV_FILE": os.devnull,
        "LETTER_BOX_PARTITIONS": "4",
        "LOG_LEVEL": "WARNING",
        "SECRET_KEY": "only-for-the-bench",
        **more,
    }


def iban_of(place: int, *, bank: str) -> str:
    """Return the number of a bank's account, counted from 0."""
    return iban.make("NL", bank, place + 1)


def open_bank(*, accounts: int, partner: str) -> None:
    """Make the tables, a teller, accounts with money and the clearing account with the partner; lay the limit's functions beside them."""
    call_command("migrate", verbosity=0)
    seed_roles()
    _hire_teller()
    now = timezone.now()
    open_internal_accounts(numbers=[numbers.cash(EUR), numbers.suspense(EUR), numbers.clearing(partner, EUR)], now=now)
    _open_accounts(accounts, now=now)
    fund([iban_of(place, bank=this_bank().code) for place in range(accounts)], now=now)
    with connection.cursor() as cursor:
        for function in _LIMIT_SQL.read_text().split("CREATE OR REPLACE FUNCTION")[1:]:
            cursor.execute(f"CREATE OR REPLACE FUNCTION {function.rsplit('$$;', 1)[0]}$$")
        cursor.execute("VACUUM ANALYZE")


@cache
def teller() -> User:
    """Return the one who orders everything, known to the process from the first order on as to a web process within a request."""
    return User.objects.get(username="terry")


def fund(accounts: Sequence[str], *, now: datetime) -> None:
    """Pay cash in on the accounts, so much that the bench never runs dry."""
    by = teller()
    for start in range(0, len(accounts), _CHUNK):
        orders = [Deposit(account=number, amount=Money(OPENING_MINOR, EUR)) for number in accounts[start : start + _CHUNK]]
        outcomes = services.submit(orders=orders, by=by, now=now)
        assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes[0]


def _hire_teller() -> None:
    user = User.objects.create_user(username="terry", password=None, is_staff=True)
    user.groups.set(Group.objects.filter(name="Teller"))


def _open_accounts(number: int, *, now: datetime) -> None:
    """Open customers with one account each, all at once."""
    code = this_bank().code
    customers = [Customer(name=f"Customer {place}", phone=f"+31{place:09d}", opened_at=now) for place in range(number)]
    Customer.objects.bulk_create(customers)
    rows = [(iban_of(place, bank=code), customer.pk, customer.name) for place, customer in enumerate(customers)]
    constants = {"kind": Account.Kind.CHECKING, "currency": EUR, "floor_minor": 0, "opened_at": now}
    execute(Insert(model=Account, fields=("number", "customer_id", "holder_name"), rows=rows, constants=constants))
