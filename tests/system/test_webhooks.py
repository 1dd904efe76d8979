"""Deliverers of webhooks that die, receivers that are away: everything arrives, under one name."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.db.models import Count, Q
from django.utils import timezone

from access.models import User
from accounts.money import Money
from banksite.machine.ports import LOOPBACK, free_ports
from messaging.models import Lease
from tests.system.bank import DELIVERER, Bank, until
from tests.system.town import Town, checking_accounts, pay
from transfers.orders import Payment
from webhooks import services
from webhooks.models import Delivery, Endpoint
from webhooks.tests.people import program
from webhooks.tests.receiver import Receiver, receiving

pytestmark = pytest.mark.kafka


@pytest.fixture
def bank(town: Town, settings: Any) -> Iterator[Bank]:
    """Return Bank A; its webhooks are disabled afterwards, so that each test has its own."""
    settings.WEBHOOKS_ALLOW_HTTP = settings.WEBHOOKS_ALLOW_PRIVATE = True
    settings.SECRET_KEY = (town.anna.bank.folder / "secret.key").read_text()  # seals what the bank's processes are to read
    yield town.anna
    with town.anna.inside():
        Endpoint.objects.filter(disabled_at__isnull=True).update(disabled_at=timezone.now())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def register(bank: Bank, url: str) -> UUID:
    """Register a webhook of a program that acts for the whole bank."""
    with bank.inside():
        erp = User.objects.filter(username="erp").first() or program("erp", whole_bank=True)
        return services.register_endpoint(url=url, events=[], after=None, addresses=[LOOPBACK], by=erp, now=timezone.now()).id


def pay_inside(bank: Bank, number: int = 1) -> None:
    """Let some payments happen that are done at once."""
    payer, payee, *_ = checking_accounts(bank)
    order = Payment(debtor=payer.number, creditor=payee.number, creditor_name=payee.holder_name, amount=Money(1, "EUR"))
    pay(bank, [order] * number)


def ended(bank: Bank, endpoint: UUID, *, number: int) -> bool:
    """Return whether so many deliveries were made and none waits."""
    with bank.inside():
        found = Delivery.objects.filter(endpoint_id=endpoint)
        counted = found.aggregate(done=Count("id", filter=Q(status="delivered")), all=Count("id"))
    return counted == {"done": number, "all": number}


def end_lease(bank: Bank) -> None:
    """Let a dead holder's lease run out now."""
    with bank.inside():
        Lease.objects.filter(name="webhooks").update(until=timezone.now())


class TestADeliverer:
    def test_killed_between_sending_and_noting_delivers_again_under_the_same_name(self, bank: Bank, receiver: Receiver) -> None:
        receiver.answers = lambda *_: 200 if receiver.may_answer.wait(30) else 500
        endpoint = register(bank, receiver.url)
        bank.begin(DELIVERER)
        pay_inside(bank)
        until(lambda: len(receiver.got) == 1, what="the delivery is sent")

        bank.kill(DELIVERER)
        receiver.may_answer.set()
        end_lease(bank)
        bank.begin(DELIVERER)
        until(lambda: ended(bank, endpoint, number=1), what="the delivery is made again")

        assert len(receiver.names) == 2
        assert len(set(receiver.names)) == 1
        assert len({got.body for got in receiver.got}) == 1

    def test_asked_to_end_notes_what_is_under_way(self, bank: Bank, receiver: Receiver) -> None:
        receiver.answers = lambda *_: 200 if receiver.may_answer.wait(30) else 500
        endpoint = register(bank, receiver.url)
        bank.begin(DELIVERER)
        pay_inside(bank)
        until(lambda: len(receiver.got) == 1, what="the delivery is sent")

        bank.ask_to_end(DELIVERER)
        receiver.may_answer.set()

        assert bank.wait_for_end(DELIVERER) == 0
        assert ended(bank, endpoint, number=1)


class TestAReceiver:
    def test_that_was_away_gets_later_what_it_missed(self, bank: Bank) -> None:
        [port] = free_ports(count=1)
        endpoint = register(bank, f"http://{LOOPBACK}:{port}/hook")
        bank.begin(DELIVERER)
        pay_inside(bank, 20)

        def has_failed() -> bool:
            with bank.inside():
                return Endpoint.objects.get(id=endpoint).failures > 1

        until(has_failed, what="deliveries fail")
        with receiving(port) as receiver:
            until(lambda: ended(bank, endpoint, number=20), what="everything is delivered")

        assert {msgspec.json.decode(got.body)["sequence"] for got in receiver.got} == set(range(1, 21))


class TestTwoDeliverers:
    def test_lose_nothing_when_the_one_at_work_dies(self, bank: Bank, receiver: Receiver) -> None:
        endpoint = register(bank, receiver.url)
        bank.begin(DELIVERER)
        until(lambda: has_lease(bank), what="the first is at work")
        bank.begin(DELIVERER, name="second deliverer")
        pay_inside(bank, 200)
        until(lambda: len(receiver.got) > 20, what="deliveries are under way")

        bank.kill(DELIVERER)
        end_lease(bank)
        pay_inside(bank, 50)
        until(lambda: ended(bank, endpoint, number=250), what="everything is delivered")

        sequences = [msgspec.json.decode(got.body)["sequence"] for got in receiver.got]
        assert set(sequences) == set(range(1, 251))
        assert len(set(receiver.names)) == 250


def has_lease(bank: Bank) -> bool:
    with bank.inside():
        return Lease.objects.filter(name="webhooks", until__gt=timezone.now()).exists()
