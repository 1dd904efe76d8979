"""Dead letters: nothing of them is lost, and none of them costs more than it must."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from messaging import dead_letters
from messaging.broker import Record
from messaging.dead_letters import Fault
from messaging.models import DeadLetter
from messaging.tests.banks import NOON

pytestmark = pytest.mark.django_db
RECORD = Record(topic="external-transfers.BNKB", partition=1, offset=7, value=b"bytes \x00 of a message", headers=(("key-id", b"00"),))


def bury(*items: str, record: Record = RECORD) -> int:
    """Bury items of a record and return how many statements that took."""
    faults = [Fault(reason="opposite-answer", detail=f"transfer {item}", item=item) for item in items]
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        dead_letters.bury_each(record=record, faults=faults, now=NOON)
    return len(queries)


class TestItemsOfOneMessage:
    def test_keep_its_bytes_once_and_give_them_back_each(self) -> None:
        bury("1", "2")
        bury("3")

        letters = list(DeadLetter.objects.order_by("item"))
        assert [len(letter.value) > 0 for letter in letters] == [True, False, False]
        assert {dead_letters.record_of(letter) for letter in letters} == {RECORD}

    def test_take_as_many_statements_as_one(self) -> None:
        assert bury("one") == bury(*map(str, range(60)), record=Record(topic="t", partition=0, offset=0, value=b"other"))

    def test_that_come_again_raise_their_own_count(self) -> None:
        bury("1", "2")
        DeadLetter.objects.filter(item="1").update(status=DeadLetter.Status.DISCARDED)
        DeadLetter.objects.filter(item="2").update(status=DeadLetter.Status.REDRIVEN)

        bury("2", "1", "3")

        found = DeadLetter.objects.order_by("item").values_list("item", "count", "status", "detail")
        assert list(found) == [
            ("1", 2, "discarded", "transfer 1"),
            ("2", 2, "open", "transfer 2"),
            ("3", 1, "open", "transfer 3"),
        ]


class TestAnEmptyMessage:
    def test_is_kept_too(self) -> None:
        empty = Record(topic="t", partition=0, offset=0, value=b"")

        bury("", record=empty)

        assert dead_letters.record_of(DeadLetter.objects.get()) == empty
