"""Effects and offsets: both or neither, whatever ends the process when."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from messaging import outbox
from messaging.consumer import Consumer
from messaging.envelope import Envelope, Received
from messaging.handling import Handler, Handlers
from messaging.memory import MemoryBroker
from messaging.models import DeadLetter, Lease, StoredOffset
from messaging.signing import Domain
from messaging.tests.banks import NOON, Greeting, World, letter, read_all


class Died(BaseException):
    """The process ended."""


class Book:
    """A handler whose effect is a row for each greeting; it dies after writing, as often as told."""

    def __init__(self, *, deaths: int = 0) -> None:
        self.deaths = deaths

    @property
    def handlers(self) -> Handlers:
        handler = Handler(read=self.read, handle=self.handle, size=lambda data: data.items)
        return {"greeting.sent": handler, "farewell.sent": handler}

    def read(self, *, data: msgspec.Raw, version: int, envelope: Envelope) -> Greeting:
        return msgspec.json.decode(data, type=Greeting)

    def handle(self, *, received: Sequence[Received[Greeting]], now: datetime) -> None:
        Lease.objects.bulk_create([Lease(name=message.data.text) for message in received], ignore_conflicts=True)
        if self.deaths and received[0].type == "farewell.sent.v1":
            self.deaths -= 1
            raise Died


def written() -> list[str]:
    return sorted(Lease.objects.exclude(name="directory").values_list("name", flat=True))  # that one is the reader's of the register


def stored() -> int:
    return StoredOffset.objects.get(partition=0).next_offset


def send_farewell(world: World, text: str) -> None:
    value = letter(text, source="BNKA", destination="BNKB", type="farewell.sent.v1")
    world.post(value, headers=world.anna.key.headers(domain=Domain.MESSAGE, value=value))


class TestAProcessThatDies:
    def test_before_the_commit_leaves_neither_effect_nor_offset(self, bert: World) -> None:
        send_farewell(bert, "farewell")
        book = Book(deaths=1)

        with pytest.raises(Died):
            read_all(Consumer(broker=bert.broker, handlers=book.handlers))
        before = (written(), stored())
        read_all(Consumer(broker=bert.broker, handlers=book.handlers), until=1)

        assert before == ([], 0)
        assert (written(), stored()) == (["farewell"], 1)

    def test_between_two_transactions_of_a_batch_stores_no_offset_without_its_effect(self, bert: World) -> None:
        bert.send("hello")
        send_farewell(bert, "farewell")
        book = Book(deaths=1)

        with pytest.raises(Died):
            read_all(Consumer(broker=bert.broker, handlers=book.handlers))
        before = (written(), stored())
        read_all(Consumer(broker=bert.broker, handlers=book.handlers), until=2)

        assert before == (["hello"], 0)
        assert (written(), stored()) == (["farewell", "hello"], 2)

    def test_after_the_commit_leaves_both_although_the_broker_was_not_told(self, bert: World) -> None:
        assert isinstance(bert.broker, MemoryBroker)
        bert.send("hello")

        def die(step: str) -> None:
            if step == "before commit offsets":
                raise Died

        bert.broker.hook = die
        with pytest.raises(Died):
            read_all(Consumer(broker=bert.broker, handlers=Book().handlers))

        assert (written(), stored()) == (["hello"], 1)
        topic = "external-transfers.BNKB"
        assert bert.broker.committed(topic=topic, group=topic, partitions=[0]) == {}

    def test_leaves_no_dead_letter_without_its_offset(self, bert: World) -> None:
        bert.post(b"noise", headers=[])
        send_farewell(bert, "farewell")
        book = Book(deaths=1)

        with pytest.raises(Died):
            read_all(Consumer(broker=bert.broker, handlers=book.handlers))
        before = (DeadLetter.objects.count(), stored())
        read_all(Consumer(broker=bert.broker, handlers=book.handlers), until=2)

        assert before == (0, 0)
        assert (DeadLetter.objects.get().count, stored()) == (1, 2)


def draft(text: str) -> outbox.Draft:
    return outbox.Draft(destination="BNKA", partition=0, type="greeting.sent.v1", data=Greeting(text=text), is_request=True, open_items=1)


@pytest.mark.django_db(transaction=True)
class TestAnAnnouncement:
    def test_outside_a_transaction_is_a_programmers_error(self, world: World) -> None:
        with world.bert.acting(), pytest.raises(AssertionError, match="transaction"):
            outbox.enqueue_each(messages=[draft("hello")], now=NOON)

    def test_of_a_transaction_that_fails_was_never_made(self, world: World) -> None:
        def announce_and_die() -> None:
            with transaction.atomic():
                outbox.enqueue_each(messages=[draft("hello")], now=NOON)
                raise Died

        with world.bert.acting(), pytest.raises(Died):
            announce_and_die()

        assert outbox.due(now=NOON, limit=10) == []

    def test_takes_as_many_statements_for_a_hundred_as_for_one(self, world: World) -> None:
        counts: list[int] = []
        for size in (1, 100):
            with world.bert.acting(), transaction.atomic(), CaptureQueriesContext(connection) as queries:
                ids = outbox.enqueue_each(messages=[draft(str(place)) for place in range(size)], now=NOON)
                outbox.close_items(counts=dict.fromkeys(ids, 1), now=NOON)
            counts.append(len({query["sql"][:20] for query in queries.captured_queries}))

        assert counts[0] == counts[1]
        assert outbox.due(now=NOON, limit=1_000) == []
