"""The head bank and two banks at work, payments that flow between them, and what must be true once they have come to rest."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import cycle
from types import TracebackType
from typing import Self
from uuid import UUID

from django.core.management import call_command
from django.db import DatabaseError, InterfaceError
from django.db.models import F, Q, Sum
from django.utils import timezone

from access.models import User
from accounts import iban
from accounts.models import Account
from accounts.money import Money
from banksite.demo.banks import PARTITIONS
from messaging.broker import Headers, Outgoing
from messaging.kafka import KafkaBroker
from messaging.models import DeadLetter, Lease, Message
from messaging.selectors import all_peers
from tests.system.bank import CONSUMER, RELAY, Bank, until
from transfers import books, services
from transfers.models import Transfer
from transfers.orders import Accepted, Payment

FINAL = {"completed", "refused", "rejected", "cancelled", "credited"}
Name = tuple[str, str, int]


@dataclass(frozen=True, kw_only=True)
class Town:
    """HEAD, Bank A and Bank B."""

    head: Bank
    anna: Bank
    bert: Bank

    @property
    def banks(self) -> tuple[Bank, Bank]:
        return self.anna, self.bert

    def open(self) -> None:
        """Open the banks with the commands of their operators, run in this process: starting each would take most of the time."""
        for bank in (self.head, *self.banks):
            with bank.inside():
                call_command("open_bank", stderr=StringIO())
                call_command("seed_demo", stdout=StringIO(), stderr=StringIO())
        with self.head.inside():
            for bank in self.banks:
                named = {"code": bank.code, "name": bank.bank.name, "key": bank.bank.public_key, "partitions": PARTITIONS}
                call_command("register_bank", **named, stderr=StringIO())
            call_command("publish_directory", stdout=StringIO(), stderr=StringIO())

    def go_to_work(self) -> None:
        """Have every relay and consumer running, once, and wait until each bank knows the others."""
        for bank in (self.head, *self.banks):
            for job in (RELAY, CONSUMER):
                if job in bank.running and not bank.is_running(job):
                    bank.running.pop(job)
                if job not in bank.running:
                    bank.begin(job)
        for bank in self.banks:
            until(lambda bank=bank: _knows_others(bank), what=f"{bank.code} learns of the other banks")  # type: ignore[misc]

    def come_to_rest(self) -> None:
        """Wait until every transfer has ended at both banks and everything is said."""
        for bank in self.banks:
            until(lambda bank=bank: is_at_rest(bank), what=f"every transfer of {bank.code} ends")  # type: ignore[misc]

    def differences(self) -> list[str]:
        """Return everything that is not as two banks at rest must be; nothing when no cent was lost and none was made."""
        return [*(found for bank in self.banks for found in _own_differences(bank)), *_between(*self.banks)]

    def send_helpers_home(self) -> None:
        """End what a test started beside the usual processes, and let no time stand still."""
        for bank in (self.head, *self.banks):
            for name in list(bank.running):
                bank.thaw(name)
                if name not in {RELAY, CONSUMER}:
                    bank.stop(name)

    def end(self) -> None:
        for bank in (self.head, *self.banks):
            bank.end_all()


@dataclass(frozen=True, kw_only=True)
class Stranger:
    """Somebody who can write to every topic of the broker."""

    broker: KafkaBroker

    def write(self, *letters: tuple[bytes, Headers], topic: str, partition: int = 0) -> None:
        producer = self.broker.producer(name="stranger")
        records = [Outgoing(topic=topic, partition=partition, value=value, headers=headers, key=b"any") for value, headers in letters]
        producer.publish(records=records)
        producer.close()


class Traffic:
    """Payments from each bank to the other, a few at a time, that go on while something breaks; one in five finds no account."""

    MOST_ROUNDS = 1_000

    def __init__(self, *routes: tuple[Bank, Bank]) -> None:
        self._routes = routes
        self._stop, self._trouble = threading.Event(), list[BaseException]()
        self._thread = threading.Thread(target=self._pay, name="traffic")

    def __enter__(self) -> Self:
        self._thread.start()
        self.goes_on()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        if self._trouble and error is None:
            raise self._trouble[0]

    def goes_on(self, more: int = 8) -> None:
        """Wait until more payments of every route have ended, while others are under way."""
        for origin, _ in self._routes:
            until(lambda origin=origin: _is_answered(origin), what=f"{origin.code} is there")  # type: ignore[misc]
            enough = _ended(origin) + more
            until(lambda origin=origin, enough=enough: _ended(origin) >= enough, what=f"payments of {origin.code} end")  # type: ignore[misc]

    def catches_up(self) -> None:
        """Wait until every payment ordered before now has ended."""
        for origin, _ in self._routes:
            catch_up(origin)

    def _pay(self) -> None:
        try:
            purses = [(origin, cycle(list(payments(origin, to=destination)))) for origin, destination in self._routes]
            for _ in range(self.MOST_ROUNDS):
                for origin, purse in purses:
                    _order(origin, [next(purse), next(purse)])
                if self._stop.wait(0.1):
                    break
        except BaseException as error:  # noqa: BLE001  # raised again by the thread that waits
            self._trouble.append(error)


def both_ways(town: Town) -> tuple[tuple[Bank, Bank], tuple[Bank, Bank]]:
    """Return the routes from each bank to the other."""
    return (town.anna, town.bert), (town.bert, town.anna)


def teller() -> User:
    return User.objects.get(username="teller")


def checking_accounts(bank: Bank) -> list[Account]:
    """Return the accounts that may pay and be paid, by number."""
    with bank.inside():
        return list(Account.objects.filter(kind="checking", currency="EUR", status="open").order_by("number"))


def pay(origin: Bank, orders: Sequence[Payment]) -> list[str]:
    """Order payments that are accepted; return their ids."""
    with origin.inside():
        outcomes = services.submit(orders=orders, by=teller(), now=timezone.now())
    refused = [outcome for outcome in outcomes if not isinstance(outcome, Accepted)]
    assert not refused, refused
    return [str(outcome.transfer_id) for outcome in outcomes if isinstance(outcome, Accepted)]


def status_of(bank: Bank, transfer_id: str) -> str:
    with bank.inside():
        return str(Transfer.objects.values_list("status", flat=True).get(id=transfer_id))


def holder_of_lease(bank: Bank) -> str:
    with bank.inside():
        return str(Lease.objects.filter(name="relay").values_list("holder", flat=True).first() or "")


def catch_up(origin: Bank) -> None:
    """Wait until every payment ordered before now has ended."""
    waiting = _pending(origin)
    until(lambda: not waiting & _pending(origin), what=f"{origin.code} is answered")


def payments(origin: Bank, *, to: Bank) -> Iterator[Payment]:
    """Yield payments from every account to every account there, and some to nobody."""
    nobody = iban.make("NL", to.code, 9_999_999_999)
    payers, receivers = checking_accounts(origin), [account.number for account in checking_accounts(to)]
    for place, payer in enumerate(payers * len(receivers)):
        creditor = nobody if place % 5 == 4 else receivers[(place + place // len(payers)) % len(receivers)]
        amount = Money(100 + 7 * (place % 50), "EUR")
        yield Payment(debtor=payer.number, creditor=creditor, creditor_name="Somebody", amount=amount, reference=f"payment {place}")


def _order(origin: Bank, orders: Sequence[Payment]) -> None:
    """Order payments, unless the database is away: then nobody knows whether they count, and the books must hold either way."""
    try:
        with origin.inside():
            services.submit(orders=orders, by=teller(), now=timezone.now())
    except (DatabaseError, InterfaceError):
        return


def _knows_others(bank: Bank) -> bool:
    with bank.inside():
        return Lease.objects.filter(until__gt=timezone.now()).exists() and len(all_peers()) >= 2


def _is_answered(bank: Bank) -> bool:
    _ended(bank)
    return True


def _ended(bank: Bank) -> int:
    with bank.inside():
        return Transfer.objects.filter(kind="outgoing", status__in=FINAL).count()


def _pending(bank: Bank) -> set[UUID]:
    with bank.inside():
        return set(Transfer.objects.filter(kind="outgoing", status="pending").values_list("id", flat=True))


def is_at_rest(bank: Bank) -> bool:
    with bank.inside():
        return not (Transfer.objects.exclude(status__in=FINAL).exists() or Message.objects.filter(finished_at__isnull=True).exists())


def _own_differences(bank: Bank) -> Iterator[str]:
    with bank.inside():
        yield from (f"{bank.code}: {difference}" for difference in books.differences(progress=lambda _: None))
        unfinished = Transfer.objects.exclude(status__in=FINAL).values_list("id", "kind", "status")
        yield from (f"{bank.code}: {transfer} is {kind} {status}" for transfer, kind, status in unfinished)
        letters = DeadLetter.objects.filter(status="open").order_by("id")
        yield from (f"{bank.code}: dead letter {letter.reason}: {letter.detail}" for letter in letters)


def _between(first: Bank, second: Bank) -> Iterator[str]:
    for origin, destination in ((first, second), (second, first)):
        sent = _names(origin, Q(kind="outgoing", status="completed", destination_bank=destination.code))
        received = _names(destination, Q(kind="incoming", status="credited", origin_bank=origin.code))
        yield from (f"{origin.code} says {name} arrived, {destination.code} does not" for name in sent - received)
        yield from (f"{destination.code} credited {name}, {origin.code} did not complete it" for name in received - sent)
    one, other = (_sum(bank, Q(number__startswith="CLEARING.")) for bank in (first, second))
    if one + other:
        yield f"the clearing accounts do not mirror: {one} and {other}"
    owed = sum(_sum(bank, ~Q(number__startswith="CLEARING.") & ~Q(number__startswith="CASH.")) for bank in (first, second))
    cash = sum(_sum(bank, Q(number__startswith="CASH.")) for bank in (first, second))
    if owed + cash:
        yield f"{-cash} was paid in, accounts and fees hold {owed}"


def _names(bank: Bank, which: Q) -> set[Name]:
    with bank.inside():
        return {(str(id_), creditor, amount) for id_, creditor, amount in Transfer.objects.filter(which).values_list(*_NAME)}


_NAME = ("origin_id", "creditor_number", "amount_minor")


def _sum(bank: Bank, which: Q) -> int:
    """Return the balance of these accounts together, striped or not."""
    with bank.inside():
        accounts = Account.objects.filter(which, currency="EUR")
        ordinary = accounts.aggregate(sum=Sum("balance_minor"))["sum"] or 0
        striped = accounts.aggregate(sum=Sum(F("stripes__credits_minor") - F("stripes__debits_minor")))["sum"] or 0
        return int(ordinary + striped)
