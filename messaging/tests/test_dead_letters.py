"""Dead letters: nothing of them is lost, and none of them costs more than it must."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models.functions import Length
from django.test.utils import CaptureQueriesContext

from access.models import Approval
from access.services import open_access
from access.tests.people import employ
from banksite import approvals
from banksite.selectors import signs
from messaging import dead_letters, services
from messaging.broker import Record
from messaging.dead_letters import Fault
from messaging.models import DeadLetter, DeadLetterTally
from messaging.permissions import DECIDE_DEAD_LETTER
from messaging.tests.banks import NOON, World

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


def flood(count: int, *, size: int = 10, sender: str = "", now: datetime = NOON) -> None:
    """Record as many dead letters of one sender, each with other bytes."""
    records = [
        Record(topic="t", partition=0, offset=place, value=f"{sender} {now} {place}".encode().ljust(size, b"."), signed_by=sender)
        for place in range(count)
    ]
    with transaction.atomic():
        dead_letters.record_all(letters=[(record, Fault(reason="unsigned", detail="")) for record in records], now=now)


class TestOneSender:
    def test_fills_no_more_rows_than_a_day_allows(self) -> None:
        flood(1_100)
        flood(50, now=NOON + timedelta(hours=1))

        assert DeadLetter.objects.count() == 1_000
        tally = DeadLetterTally.objects.get()
        assert (tally.sender, tally.kept, tally.dropped) == ("", 1_000, 150)

    def test_fills_no_more_bytes_than_a_day_allows(self) -> None:
        flood(20, size=900_000)

        assert sum(DeadLetter.objects.annotate(size=Length("value")).values_list("size", flat=True)) <= 16_000_000
        assert DeadLetterTally.objects.get().dropped == 3

    def test_leaves_others_their_day_and_itself_the_next(self) -> None:
        flood(1_100)

        flood(5, sender="BNKA")
        flood(7, now=NOON + timedelta(days=1))

        assert DeadLetter.objects.filter(sender="BNKA").count() == 5
        assert DeadLetter.objects.filter(sender="").count() == 1_007

    def test_costs_as_many_statements_for_five_hundred_as_for_one(self) -> None:
        with CaptureQueriesContext(connection) as one:
            flood(1)
        with CaptureQueriesContext(connection) as many:
            flood(500, sender="BNKA")

        assert len(many) == len(one)


class TestAGroup:
    def test_that_nobody_signed_is_discarded_by_one_person(self) -> None:
        flood(3)
        flood(2, sender="BNKA")
        sam = employ("sam", DECIDE_DEAD_LETTER)

        done = services.discard_dead_letters(group="unsigned", sender="", by=sam, reason="noise", now=NOON)

        assert done == 3
        assert set(DeadLetter.objects.filter(status="open").values_list("sender", flat=True)) == {"BNKA"}

    def test_that_a_bank_signed_is_discarded_by_two_as_it_was_when_the_first_asked(self) -> None:
        flood(2, sender="BNKA")
        sam, dee = employ("sam", DECIDE_DEAD_LETTER), employ("dee", DECIDE_DEAD_LETTER)
        discard = partial(services.discard_dead_letters, group="unsigned", sender="BNKA", reason="known", now=NOON)

        asked = discard(by=sam)
        flood(1, sender="BNKA", now=NOON + timedelta(hours=1))
        done = discard(by=dee)

        assert (asked, done) == (None, 2)
        assert DeadLetter.objects.filter(status="open").count() == 1

    def test_may_be_discarded_in_the_list_of_approvals(self) -> None:
        flood(2, sender="BNKA")
        sam, dee = employ("sam", DECIDE_DEAD_LETTER), employ("dee", DECIDE_DEAD_LETTER)
        services.discard_dead_letters(group="unsigned", sender="BNKA", by=sam, reason="known", now=NOON)

        approvals.approve(approval_id=Approval.objects.get().pk, by=dee, reason="yes", now=NOON)

        assert not DeadLetter.objects.filter(status="open").exists()

    def test_is_listed_and_discarded_by_a_command(self, capsys: pytest.CaptureFixture[str]) -> None:
        flood(3)
        flood(2, sender="BNKA")
        employ("sam", DECIDE_DEAD_LETTER)
        open_access()

        call_command("discard_dead_letters", "--list")
        call_command("discard_dead_letters", "unsigned", "unsigned", reason="noise", username="sam")
        with pytest.raises(CommandError, match="None with the reason unsigned, signed by nobody, is open"):
            call_command("discard_dead_letters", "unsigned", "unsigned", reason="noise", username="sam")

        assert capsys.readouterr().out.splitlines() == ["      2  BNKA         unsigned", "      3  unsigned     unsigned", "done"]


class TestALetterThatNobodySigned:
    def test_is_discarded_by_one_person(self) -> None:
        flood(1)

        done = services.discard_dead_letter(
            letter_id=DeadLetter.objects.get().pk, by=employ("sam", DECIDE_DEAD_LETTER), reason="noise", now=NOON
        )

        assert done
        assert DeadLetter.objects.get().status == "discarded"

    def test_is_not_what_status_is_red_for(self, bert: World) -> None:
        flood(3)
        unsigned = next(sign for sign in signs(now=NOON) if sign.code == "dead-letters")
        flood(1, sender="BNKA")
        signed = next(sign for sign in signs(now=NOON) if sign.code == "dead-letters")

        assert (unsigned.is_red, unsigned.detail) == (False, "none that a bank signed; 3 unsigned")
        assert (signed.is_red, signed.detail) == (True, "1 wait for a person; 3 unsigned")


class TestALargeLetter:
    def test_is_never_loaded_whole_to_be_looked_at(self) -> None:
        flood(1, size=900_000)

        beginning, size = dead_letters.beginning_of(DeadLetter.objects.get(), length=64)

        assert (len(beginning), size) == (64, 900_000)


class TestAnEmptyMessage:
    def test_is_kept_too(self) -> None:
        empty = Record(topic="t", partition=0, offset=0, value=b"")

        bury("", record=empty)

        assert dead_letters.record_of(DeadLetter.objects.get()) == empty
