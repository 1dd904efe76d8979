"""A bank at work, and its staff with a browser each: something of everything that the desk shows."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

import transfers.services
from access import roles
from access.models import User
from access.site import this_bank
from accounts import services as accounts
from accounts.models import Account
from accounts.money import Money
from banksite.opening import open_bank
from banksite.seeding import seed_demo
from messaging import dead_letters
from messaging.broker import Record
from messaging.models import Peer
from tests.desk import others
from transfers.orders import Accepted, Deposit, Payment

STAFF = {roles.ADMINISTRATOR: "admin", roles.SUPERVISOR: "supervisor", roles.TELLER: "teller", roles.AUDITOR: "auditor"}
HERE = "external-transfers.BNKA"


def furnish() -> None:
    """Open the bank with its sample customers and staff, a neighbour, and something of everything that waits."""
    now = timezone.now()
    open_bank(now=now)
    seed_demo(now=now)
    Peer.objects.create(code="BNKB", name="Bank B", topic="external-transfers.BNKB", partitions=4, status="active")
    work(1)
    others.furnish(customer_account().number)


def work(rounds: int) -> None:
    """Let the bank do some of everything, so often."""
    now = timezone.now()
    for _ in range(rounds):
        number = customer_account().number
        order(Deposit(account=number, amount=Money(10_000, "EUR"), reference="Wages"))
        order(Payment(debtor=number, creditor="NL73BNKB0000000007", creditor_name="Jonas Lindqvist", amount=Money(1_250, "EUR")))
        order(Deposit(account=number, amount=Money(this_bank().approval_limits["EUR"] + 1, "EUR"), reference="A house"))
        accounts.place_hold(
            number=number, amount=Money(500, "EUR"), purpose="Hotel", expires_at=now + timedelta(days=1), by=user("teller"), now=now
        )
        bury()


def bury(value: bytes = b"no envelope") -> None:
    """Keep one message that cannot count."""
    from django.db import transaction  # noqa: PLC0415

    with transaction.atomic():
        record = Record(topic=HERE, partition=0, offset=7, value=value, headers=())
        dead_letters.bury(record=record, reason="unsigned", detail="the headers name no signature and key", now=timezone.now())


def order(what: Deposit | Payment) -> Accepted:
    """Give one order as the teller; it is accepted."""
    [outcome] = transfers.services.submit(orders=[what], by=user("teller"), now=timezone.now())
    assert isinstance(outcome, Accepted), outcome
    return outcome


def customer_account() -> Account:
    """Return an open account of a customer with money on it."""
    return Account.objects.filter(status="open", kind="checking", balance_minor__gt=0, currency="EUR").order_by("id")[0]


def user(name: str) -> User:
    return User.objects.get(username=name)


def browser(name: str) -> Client:
    """Return a browser in which a member of staff is signed in."""
    client = Client()
    client.force_login(user(name), backend="access.backends.RoleBackend")
    return client
