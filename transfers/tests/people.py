"""A bank under test: its people, their accounts, its neighbours, and what arrives from these."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
from django.db import transaction
from django.db.models import F, Sum

from access.errors import DomainError
from access.models import User
from access.plans import planned_anew
from access.site import Site
from access.tests.people import employ
from accounts import iban, numbers
from accounts.models import Account, BalanceStripe, Customer, Hold, Posting
from accounts.money import Money
from accounts.services import open_internal_accounts
from messaging import envelope
from messaging.broker import Record
from messaging.envelope import Received
from messaging.models import DeadLetter, Message, Peer
from transfers import events, services
from transfers.models import Transfer
from transfers.orders import Accepted, Deposit, Order, Payment
from transfers.reading import Orders, read_decisions, read_orders

T = TypeVar("T")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SITE = Site(
    role="bank",
    code="BNKA",
    name="Bank A",
    country="NL",
    currencies=("EUR", "USD"),
    approval_limits={"EUR": 1_000_000, "USD": 1_000_000},
    outgoing_fees={"EUR": 25},
)
ANNA, BRAM, ZOE = iban.make("NL", "BNKA", 1), iban.make("NL", "BNKA", 2), iban.make("NL", "BNKB", 1)
YARA = iban.make("NL", "BNKB", 2)
MISPRINT = ZOE[:-1] + str((int(ZOE[-1]) + 1) % 10)


def euros(amount: str) -> Money:
    return Money.parse(amount, "EUR")


def open_account(number: str, *, name: str, currency: str = "EUR", holds: int = 0, floor: int = 0) -> None:
    """Open a customer's account; what it holds at the beginning comes in as cash."""
    customer = Customer.objects.create(name=name, phone=number[-10:], opened_at=NOON)
    Account.objects.create(
        number=number, kind="checking", currency=currency, customer=customer, holder_name=name, floor_minor=floor, opened_at=NOON
    )
    if holds:
        services.submit(orders=[Deposit(account=number, amount=Money(holds, currency))], by=teller(), now=NOON)


def teller() -> User:
    """Return the teller, who may enter everything and decide nothing."""
    return User.objects.filter(username="teller").first() or employ(
        "teller",
        *("transfers.deposit", "transfers.withdraw", "transfers.pay", "transfers.reverse", "transfers.adjust", "transfers.cancel"),
    )


def supervisor() -> User:
    """Return the supervisor, who decides."""
    return User.objects.filter(username="supervisor").first() or employ("supervisor", "transfers.approve", "transfers.pay")


def second_supervisor() -> User:
    """Return another one."""
    return User.objects.filter(username="deputy").first() or employ("deputy", "transfers.approve")


def furnish() -> None:
    """Open the bank's own accounts, Anna's with 100 euros and Bram's with none, and two banks to talk to."""
    own = [name(currency) for currency in SITE.currencies for name in (numbers.cash, numbers.fees, numbers.suspense)]
    open_internal_accounts(numbers=own, now=NOON)
    for code in ("BNKB", "BNKC"):
        Peer.objects.create(code=code, name=f"Bank {code[-1]}", topic=f"external-transfers.{code}", partitions=4, status="active")
    open_account(ANNA, name="Anna", holds=10_000)
    open_account(BRAM, name="Bram")


def pay(creditor: str = ZOE, amount: str = "10.00", *, debtor: str = ANNA, now: datetime = NOON, **more: object) -> Accepted | DomainError:
    """Order one payment and return its outcome."""
    return submit(Payment(debtor=debtor, creditor=creditor, creditor_name="Zoë", amount=euros(amount), **more), now=now)[0]  # type: ignore[arg-type]


def paid(creditor: str = ZOE, amount: str = "10.00", **more: object) -> Transfer:
    """Order one payment that is accepted and return its transfer."""
    outcome = pay(creditor, amount, **more)  # type: ignore[arg-type]
    assert isinstance(outcome, Accepted), outcome
    return Transfer.objects.get(id=outcome.transfer_id)


def submit(*orders: Order, now: datetime = NOON, **more: bool) -> list[Accepted | DomainError]:
    return services.submit(orders=orders, by=teller(), now=now, **more)


def approval_of(transfer: Transfer) -> UUID:
    """Return the question that a transfer waits for."""
    assert transfer.approval is not None
    return transfer.approval


def balance(number: str) -> int:
    """Return an account's balance in minor units, striped or not; 0 where there is no such account."""
    stripes = BalanceStripe.objects.filter(account__number=number).aggregate(sum=Sum(F("credits_minor") - F("debits_minor")))["sum"]
    return (stripes or 0) + (Account.objects.filter(number=number).values_list("balance_minor", flat=True).first() or 0)


def held(number: str) -> int:
    return Account.objects.get(number=number).held_minor


def legs(transfer: Transfer | UUID) -> dict[str, tuple[str, str, int]]:
    """Return the postings of a transfer as leg: (debit, credit, amount)."""
    rows = Posting.objects.filter(transfer_id=transfer if isinstance(transfer, UUID) else transfer.id)
    found = rows.values_list("leg", "debit_account__number", "credit_account__number", "amount_minor")
    return {leg: (debit, credit, amount) for leg, debit, credit, amount in found}


def asked(amount_minor: int = 1_000, **more: object) -> events.Order:
    """Return an order of Zoë at Bank B for Anna."""
    fields: dict[str, object] = {
        "id": uuid4(),
        "amount_minor": amount_minor,
        "currency": "EUR",
        "creditor_iban": ANNA,
        "creditor_name": "Anna",
        "debtor_iban": ZOE,
        "debtor_name": "Zoë",
        "expires_at": NOON + timedelta(days=1),
        "reference": "rent",
        "end_to_end_id": "E2E-1",
    }
    return events.Order(**(fields | more))  # type: ignore[arg-type]


def _received(data: object, *, source: str, type_: str, version: int = 1) -> Received[object]:
    """Return data as it comes out of the consumer: encoded, enveloped, read by the handler's own reader."""
    raw: Any = msgspec.Raw(msgspec.json.encode(data))
    value = envelope.encode(id=uuid4(), source=source, destination="BNKA", type=f"{type_}.v{version}", time=NOON, data=raw)
    opened = envelope.decode(value)
    reader = read_decisions if type_ == "transfers.decided" else read_orders
    read = reader(data=opened.data, version=opened.version, envelope=opened)
    record = Record(topic="external-transfers.BNKA", partition=0, offset=0, value=value)
    return Received(id=opened.id, source=source, destination="BNKA", type=opened.type, time=NOON, data=read, record=record)


def requested(orders: Sequence[object], *, source: str = "BNKB", version: int = 1) -> Received[Orders]:
    return _received({"transfers": orders}, source=source, type_="transfers.requested", version=version)  # type: ignore[return-value]


def receive(*orders: object, source: str = "BNKB", now: datetime = NOON, version: int = 1) -> None:
    """Let a request from another bank arrive, as the consumer hands it on."""
    with planned_anew(), transaction.atomic():
        services.receive_transfers(received=[requested(orders, source=source, version=version)], now=now)


def receive_cancel(*orders: object, now: datetime = NOON) -> None:
    """Let a cancel from Bank B arrive, as the consumer hands it on."""
    with planned_anew(), transaction.atomic():
        services.receive_cancels(received=[requested(orders)], now=now)


def decision(transfer: Transfer, outcome: str = "credited", reason: str = "", **more: object) -> events.Decision:
    """Return what the destination says about a transfer of ours."""
    said = events.Decision(
        id=transfer.id,
        outcome=outcome,  # type: ignore[arg-type]
        amount_minor=transfer.amount_minor,
        currency=transfer.currency,
        creditor_iban=transfer.creditor_number,
        decided_at=NOON,
        reason=reason,
    )
    return msgspec.structs.replace(said, **more)


def answer(*decisions: events.Decision, source: str = "BNKB", now: datetime = NOON) -> None:
    """Let an answer from another bank arrive, as the consumer hands it on: with plans for what the tables hold now.

    A plan that was made for one transfer while the tables were nearly empty took ten seconds for three hundred.
    """
    received = _received({"decisions": decisions}, source=source, type_="transfers.decided")
    with planned_anew(), transaction.atomic():
        services.settle_transfers(received=[received], now=now)  # type: ignore[list-item]


def answers() -> list[events.Decision]:
    """Return every decision this bank has announced, in order."""
    return [said for data in _announced(events.DECIDED, events.TransfersDecided) for said in data.decisions]


def announced(type_: str) -> list[events.Order]:
    """Return the orders this bank asks for in messages of a type, in order."""
    return [order for data in _announced(type_, events.TransfersRequested) for order in data.transfers]


def _announced(type_: str, kind: type[T]) -> list[T]:
    values = Message.objects.filter(type=type_).order_by("id").values_list("value", flat=True)
    return [msgspec.json.decode(envelope.decode(bytes(value)).data, type=kind) for value in values]


def buried() -> list[str]:
    """Return the reasons of the dead letters, in order."""
    return list(DeadLetter.objects.order_by("id").values_list("reason", flat=True))


def conserved() -> bool:
    """Return whether the bank's balances sum to zero in every currency."""
    ordinary = dict(Account.objects.values_list("currency").annotate(sum=Sum("balance_minor")))
    striped = dict(BalanceStripe.objects.values_list("account__currency").annotate(sum=Sum(F("credits_minor") - F("debits_minor"))))
    return all(ordinary.get(currency, 0) + striped.get(currency, 0) == 0 for currency in SITE.currencies)


def with_limits(**limits: int) -> Site:
    """Return the bank with other approval limits."""
    return replace(SITE, approval_limits=limits)


def holds() -> list[tuple[int, str]]:
    return list(Hold.objects.order_by("id").values_list("amount_minor", "status"))
