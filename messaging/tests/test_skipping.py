"""A record that a consumer cannot get past is passed by dual approval, alone."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from access.errors import NotAllowed, OwnApproval
from access.models import Approval, User
from access.services import open_access
from access.tests.people import NOON, employ
from banksite import approvals
from banksite.broker_signs import standstills
from messaging import services
from messaging.consumer import Consumer
from messaging.errors import RecordNotNext
from messaging.models import DeadLetter, StoredOffset
from messaging.permissions import DECIDE_DEAD_LETTER
from messaging.tests.banks import Host, World, read_all

TOPIC = "external-transfers.BNKB"


@pytest.fixture
def sam() -> User:
    return employ("sam", DECIDE_DEAD_LETTER)


@pytest.fixture
def dee() -> User:
    return employ("dee", DECIDE_DEAD_LETTER)


@pytest.fixture
def stuck(bert: World, host: Host) -> Consumer:
    """Return a consumer whose handler fails at the first of two records."""
    consumer = Consumer(broker=bert.broker, handlers=host.handlers)
    read_all(consumer, turns=2)
    host.trouble = [KeyError("a bug") for _ in range(5)]
    bert.send("bad one", partition=2)
    bert.send("good one", partition=2)
    read_all(consumer, turns=4)
    return consumer


def skip(by: User, offset: int = 0) -> bool:
    return services.skip_record(partition=2, offset=offset, by=by, reason="stops all others", now=NOON)


class TestARecord:
    def test_is_passed_when_a_second_person_grants_it_and_the_consumer_goes_on(
        self, stuck: Consumer, host: Host, sam: User, dee: User
    ) -> None:
        granted = [skip(sam), skip(dee)]
        host.trouble = []
        read_all(stuck, now=NOON + timedelta(hours=1), until=1)

        letter = DeadLetter.objects.get()
        assert granted == [False, True]
        assert host.told == ["good one"]
        assert (letter.reason, letter.partition, letter.offset, letter.detail) == ("skipped", 2, 0, "stops all others")

    def test_is_passed_by_an_approval_too(self, stuck: Consumer, sam: User, dee: User) -> None:
        skip(sam)

        approvals.approve(approval_id=Approval.objects.get().pk, by=dee, reason="agreed", now=NOON)

        assert StoredOffset.objects.get(partition=2).next_offset == 1

    def test_is_passed_by_no_one_person(self, stuck: Consumer, sam: User) -> None:
        skip(sam)

        with pytest.raises(OwnApproval):
            skip(sam)

        assert StoredOffset.objects.get(partition=2).next_offset == 0

    def test_is_passed_by_nobody_who_may_not_decide(self, stuck: Consumer) -> None:
        with pytest.raises(NotAllowed):
            skip(employ("tess"))

    def test_is_passed_only_where_the_consumer_is(self, stuck: Consumer, sam: User) -> None:
        with pytest.raises(RecordNotNext) as refused:
            skip(sam, offset=1)

        assert refused.value.facts == {"partition": 2, "next": 0}

    def test_is_passed_by_a_command(self, stuck: Consumer, sam: User, dee: User, capsys: pytest.CaptureFixture[str]) -> None:
        open_access()
        place = {"partition": 2, "offset": 0, "reason": "stops all others"}

        for person in (sam, dee):
            call_command("skip_record", **place, username=person.username)
        with pytest.raises(CommandError, match="partition 2 is at 1"):
            call_command("skip_record", **place, username="sam")

        assert capsys.readouterr().out.splitlines() == ["asked: a second person must give the same command", "done"]


class TestAStandstill:
    def test_is_told_with_its_place_while_something_waits(self, bert: World, stuck: Consumer) -> None:
        later = NOON + timedelta(minutes=2)

        assert standstills(broker=bert.broker, topic=TOPIC, now=later) == {2: 0}

    def test_is_none_where_nothing_waits(self, bert: World, host: Host) -> None:
        consumer = Consumer(broker=bert.broker, handlers=host.handlers)
        bert.send("hello")
        read_all(consumer, until=1)

        assert standstills(broker=bert.broker, topic=TOPIC, now=NOON + timedelta(hours=1)) == {}

    def test_is_none_where_a_record_has_only_just_come(self, bert: World, stuck: Consumer) -> None:
        assert standstills(broker=bert.broker, topic=TOPIC, now=NOON) == {}
