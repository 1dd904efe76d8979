"""How each deed of both desks is carried out by its dialog: on which row, what it is told, what must be there before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone

from access.services import ask_for_roles
from accounts import iban, services
from headbank.models import Bank
from messaging import signing
from messaging.models import Peer
from tests.desk import bank, head_bank
from webhooks.models import Delivery

TOURIST = "all-roles"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One deed: the rows that fit, what its fields are told besides the reason, and what happens before it."""

    on: Q = Q()
    values: Mapping[str, str] = field(default_factory=dict)
    first: Callable[[], object] = lambda: None


def plan_of(name: str) -> Plan:
    """Return how to carry out the deed `app.Model.url-path`."""
    return PLANS.get(name, Plan())


def _ask_a_second_person() -> None:
    ask_for_roles(username="adjunct", roles=["Auditor"], reason="moves to audit", by=bank.user("admin"), now=timezone.now())


def _let_a_customer_leave() -> None:
    teller, supervisor, now = bank.user("teller"), bank.user("supervisor"), timezone.now()
    opened = services.open_customer(name="Lea Leaving", phone=_LEAVING, by=teller, now=now)
    for number in (opened.checking, opened.savings):
        services.close_account(number=number, by=supervisor, now=now)


def _let_a_delivery_fail() -> None:
    Delivery.objects.update(status="failed", finished_at=timezone.now())


def _close_the_neighbour() -> None:
    Peer.objects.filter(code="BNKB").update(status="closed")


_LEAVING = "+31612349999"
_SOMEBODY_ELSE = Q(username="auditor")
_ASKED_BY_ANOTHER = Q(status="waiting") & ~Q(asked_by__username=TOURIST)
PLANS = {
    "access.User.employ": Plan(values={"username": "newcomer", "first_name": "Nel", "last_name": "Newcomer", "roles": "Auditor"}),
    "access.User.ask-for-roles": Plan(on=_SOMEBODY_ELSE, values={"roles": "Supervisor"}),
    "access.User.sign-out": Plan(on=_SOMEBODY_ELSE),
    "access.User.reset-password": Plan(on=_SOMEBODY_ELSE),
    "access.User.disable": Plan(on=_SOMEBODY_ELSE),
    "access.Approval.approve": Plan(on=_ASKED_BY_ANOTHER, first=_ask_a_second_person),
    "access.Approval.refuse": Plan(on=_ASKED_BY_ANOTHER, first=_ask_a_second_person),
    "accounts.Account.set-limit": Plan(values={"limit": "150.00"}),
    "accounts.Account.close": Plan(on=Q(balance_minor=0)),
    "accounts.Customer.change-contact": Plan(values={"phone": "+31 6 1234 0001"}),
    "accounts.Customer.close": Plan(on=Q(phone=_LEAVING), first=_let_a_customer_leave),
    "access.ApiClient.enlist": Plan(values={"username": "payroll", "name": "Payroll", "scopes": "transfers.pay"}),
    "access.ApiClient.change-reach": Plan(values={"requests_per_minute": "30"}),
    "access.ApiClient.limit": Plan(values={"currency": "EUR", "per_day": "2500"}),
    "access.ApiClient.grant": Plan(values={"account": iban.make("NL", "BNKA", 1)}),
    "transfers.Transfer.adjust": Plan(values={"debit": "CASH.EUR", "credit": "SUSPENSE.EUR", "amount": "5", "currency": "EUR"}),
    "transfers.Transfer.refund": Plan(values={"bank": "BNKB"}, first=_close_the_neighbour),
    "messaging.DeadLetter.discard-group": Plan(values={"group": "unsigned "}, first=lambda: bank.bury(b"another one")),
    "messaging.Recovery.end": Plan(values={"without_lists": ""}),
    "webhooks.Delivery.send-again": Plan(first=_let_a_delivery_fail),
    "headbank.Bank.invite": Plan(values={"code": "BNKZ"}),
    "headbank.Bank.register": Plan(
        values={"code": "BNKY", "name": "Bank Y", "public_key": signing.generate().public_key, "partitions": "4"}
    ),
    "headbank.Bank.announce": Plan(first=lambda: Bank.objects.filter(code="BNKA").update(name="Bank A of today")),
    "headbank.Bank.set-partitions": Plan(values={"partitions": "8"}),
    "headbank.Bank.set-cap": Plan(values={"currency": "EUR", "cap": "2500.00"}),
    "headbank.Bank.set-cover": Plan(values={"currency": "EUR", "cover": "75"}),
    "headbank.Bank.add-key": Plan(values={"public_key": signing.generate().public_key}),
    "headbank.Window.refuse": Plan(first=head_bank.settle),
}
