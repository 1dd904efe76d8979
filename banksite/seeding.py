"""A sample bank to try things on: staff who can sign in, customers with money, one frozen and one closed account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction

import accounts.services
import transfers.services
from access import roles
from access.errors import DomainError
from access.models import User
from access.site import this_bank
from accounts.models import Customer
from accounts.money import Money
from transfers.orders import Deposit

STAFF: tuple[tuple[str, str, str], ...] = (
    ("teller", "Tess Teller", roles.TELLER),
    ("supervisor", "Sam Supervisor", roles.SUPERVISOR),
    ("deputy", "Dee Deputy", roles.SUPERVISOR),
    ("admin", "Ada Admin", roles.ADMINISTRATOR),
    ("adjunct", "Addy Adjunct", roles.ADMINISTRATOR),
    ("auditor", "Aud Auditor", roles.AUDITOR),
)
_CUSTOMERS = (
    "Maria Jansen",
    "Tomás Oliveira",
    "Aisha Bakker",
    "Jonas Lindqvist",
    "Chiara Romano",
    "Noor de Vries",
    "Elena Petrova",
    "Kwame Mensah",
    "Sophie Dubois",
    "Liam Murphy",
    "Yuki Tanaka",
    "Priya Sharma",
)
_FIRST_DEPOSIT_MINOR = 250_000
_STEP_MINOR = 37_500


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """What was made; nothing when the bank had customers before."""

    staff: int
    customers: int


def password_of(username: str) -> str:
    """Return the password a sample member of staff signs in with, which everybody may know."""
    return f"{username}-demo-only"


def staff_of_site() -> list[tuple[str, str, str]]:
    """Return user name, name and role of the sample staff whose roles this site has: a head bank has no tellers."""
    known = set(Group.objects.values_list("name", flat=True))
    return [member for member in STAFF if member[2] in known]


def seed_demo(*, now: datetime) -> Seeded:
    """Make the sample staff and, at a bank without customers, the sample customers; all or nothing, safe to repeat."""
    with transaction.atomic():
        staff = [_employ(*member) for member in staff_of_site()]
        if this_bank().is_head_bank or Customer.objects.exists():
            return Seeded(staff=sum(staff), customers=0)
        _seed_customers(now=now)
    return Seeded(staff=sum(staff), customers=len(_CUSTOMERS))


def _employ(username: str, name: str, role: str) -> bool:
    """Make one member of staff; return False where there is one already."""
    if User.objects.filter(username=username).exists():
        return False
    first, last = name.split()
    user = User.objects.create_user(username, first_name=first, last_name=last, is_staff=True, password=password_of(username))
    user.groups.add(Group.objects.get(name=role))
    return True


def _seed_customers(*, now: datetime) -> None:
    """Open the customers, pay in what they have, freeze one account and close another."""
    teller = User.objects.get(username="teller")
    opened = [
        accounts.services.open_customer(name=name, phone=f"+31 20 555 {place:04d}", by=teller, now=now)
        for place, name in enumerate(_CUSTOMERS, start=1)
    ]
    main, *others = this_bank().currencies
    if others:
        accounts.services.open_account(customer_id=opened[0].id, kind="checking", currency=others[0], by=teller, now=now)
    amounts = [Money(_FIRST_DEPOSIT_MINOR + place * _STEP_MINOR, main) for place in range(len(opened))]
    _deposit([(customer.checking, amount) for customer, amount in zip(opened, amounts, strict=True)], by=teller, now=now)
    accounts.services.freeze_account(number=opened[-1].checking, reason="sample of a frozen account", by=teller, now=now)
    accounts.services.close_account(number=opened[-2].savings, reason="sample of a closed account", by=teller, now=now)


def _deposit(money: Sequence[tuple[str, Money]], *, by: User, now: datetime) -> None:
    """Pay the amounts in; a refusal is ours and ends the seeding."""
    orders = [Deposit(account=number, amount=amount, reference="First deposit") for number, amount in money]
    for outcome in transfers.services.submit(orders=orders, by=by, now=now, atomic=True):
        if isinstance(outcome, DomainError):
            raise outcome
