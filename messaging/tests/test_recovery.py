"""Protocol rule 9: a database that went back is seen, stops the bank, and two persons end it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission

from access.errors import NotAllowed, OwnApproval, ReasonMissing
from access.models import AuditEvent, User
from messaging import offsets, selectors, services
from messaging.broker import Bounds
from messaging.consumer import Consumer
from messaging.errors import DeadLetterNotOpen, NotInRecovery, OffsetUnknown
from messaging.memory import MemoryBroker
from messaging.models import DeadLetter, PeerKey, Recovery, StoredOffset
from messaging.rules import Judgement, Place, judge
from messaging.tests.banks import NOON, Host, World, read_all, took_too_long

TOPIC = "external-transfers.BNKB"
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def consumer(bert: World, host: Host) -> Consumer:
    return Consumer(broker=bert.broker, handlers=host.handlers)


@pytest.fixture
def person(db: None) -> Callable[[str], User]:
    def make(name: str) -> User:
        user = User.objects.create(username=name)
        codenames = ("end_recovery", "decide_dead_letter")
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return user

    return make


class TestTheJudgement:
    @pytest.mark.parametrize(
        ("stored", "committed", "end", "expected"),
        [
            (None, None, 0, Judgement.BEGIN),
            (None, None, 9, Judgement.BEGIN),
            (None, 3, 9, Judgement.DATABASE_WENT_BACK),
            (Place(next_offset=5, cluster_id="one"), None, 9, Judgement.GO_ON),
            (Place(next_offset=5, cluster_id="one"), 5, 9, Judgement.GO_ON),
            (Place(next_offset=5, cluster_id="one"), 4, 9, Judgement.GO_ON),
            (Place(next_offset=5, cluster_id="one"), 6, 9, Judgement.DATABASE_WENT_BACK),
            (Place(next_offset=0, cluster_id="one", rewound_from=6), 6, 9, Judgement.GO_ON),
            (Place(next_offset=0, cluster_id="one", rewound_from=6), 7, 9, Judgement.DATABASE_WENT_BACK),
            (Place(next_offset=10, cluster_id="one"), None, 9, Judgement.LOG_LOST),
            (Place(next_offset=10, cluster_id="one"), 10, 9, Judgement.LOG_LOST),
            (Place(next_offset=5, cluster_id="two"), None, 9, Judgement.LOG_LOST),
            (Place(next_offset=5, cluster_id="two"), 3, 9, Judgement.DATABASE_WENT_BACK),
        ],
    )
    def test_is(self, stored: Place | None, committed: int | None, end: int, expected: Judgement) -> None:
        assert judge(stored=stored, committed=committed, bounds=(0, end), cluster_id="one") is expected


class TestADatabaseThatWentBack:
    def went_back(self, world: World, consumer: Consumer) -> None:
        """Read two messages, then restore the backup made before the second."""
        world.send("first")
        read_all(consumer, until=1)
        world.send("second")
        read_all(consumer, until=1)
        StoredOffset.objects.filter(partition=0).update(next_offset=1)

    def test_stops_the_consumer(self, bert: World, consumer: Consumer, host: Host) -> None:
        self.went_back(bert, consumer)
        bert.send("third")

        settled = read_all(consumer, now=LATER, turns=5)

        assert settled == 0
        assert host.told == ["first", "second"]
        assert Recovery.objects.get().committed == {"0": 2}

    def test_goes_on_where_it_is_when_two_persons_say_so(
        self, bert: World, consumer: Consumer, host: Host, person: Callable[[str], User]
    ) -> None:
        self.went_back(bert, consumer)
        read_all(consumer, now=LATER, turns=2)
        ruth, omar = person("ruth"), person("omar")

        asked = services.end_recovery(by=ruth, reason="compared with BNKA", now=LATER)
        with pytest.raises(OwnApproval):
            services.end_recovery(by=ruth, reason="compared with BNKA", now=LATER)
        ended = services.end_recovery(by=omar, reason="compared too", now=LATER)
        bert.send("third")
        read_all(consumer, now=LATER + timedelta(hours=1), until=2)

        assert (asked, ended) == (False, True)
        assert host.told == ["first", "second", "second", "third"]
        assert not selectors.in_recovery()

    def test_is_ended_with_a_reason_by_who_may(self, bert: World, consumer: Consumer, person: Callable[[str], User]) -> None:
        self.went_back(bert, consumer)
        read_all(consumer, now=LATER, turns=2)

        with pytest.raises(ReasonMissing):
            services.end_recovery(by=person("ruth"), reason=" ", now=LATER)
        with pytest.raises(NotAllowed):
            services.end_recovery(by=User.objects.create(username="tom"), reason="let me", now=LATER)

    def test_is_not_ended_where_there_is_none(self, bert: World, person: Callable[[str], User]) -> None:
        with pytest.raises(NotInRecovery):
            services.end_recovery(by=person("ruth"), reason="why not", now=NOON)

    def test_is_seen_even_where_it_is_empty(self, bert: World, consumer: Consumer) -> None:
        self.went_back(bert, consumer)
        StoredOffset.objects.all().delete()

        read_all(consumer, now=LATER, turns=3)

        assert selectors.in_recovery()


class TestABrokerThatLostItsLog:
    def test_is_read_from_its_beginning(self, bert: World, consumer: Consumer, host: Host) -> None:
        assert isinstance(bert.broker, MemoryBroker)
        bert.send("first")
        bert.send("second")
        read_all(consumer, until=2)
        bert.broker.wipe()
        bert.publish_directory()
        read_all(consumer, now=LATER, turns=3)
        bert.send("third")

        read_all(consumer, now=LATER + timedelta(hours=1), until=1)

        assert host.told == ["first", "second", "third"]
        assert not selectors.in_recovery()
        assert StoredOffset.objects.get(partition=0).cluster_id == bert.broker.cluster_id()

    def test_only_in_part_is_no_database_that_went_back(self, bert: World, consumer: Consumer, host: Host) -> None:
        assert isinstance(bert.broker, MemoryBroker)
        for text in ("first", "second", "third"):
            bert.send(text)
        read_all(consumer, until=3)
        bert.broker.truncate(topic=TOPIC, partition=0, end=1)

        read_all(consumer, now=LATER, turns=3)

        assert host.told[3:] == ["first"]
        assert not selectors.in_recovery()


class SlowBroker(MemoryBroker):
    """Tells where a log ends, and is overtaken once before its answer arrives."""

    meanwhile: Callable[[], None] | None = None

    def bounds(self, *, topic: str) -> Mapping[int, Bounds]:
        told = super().bounds(topic=topic)
        overtake, self.meanwhile = self.meanwhile, None
        if overtake is not None:
            overtake()
        return told


class TestABrokerThatIsOvertaken:
    def test_did_not_lose_what_another_consumer_read_while_it_was_asked(self, tmp_path: Path, db: None, host: Host) -> None:
        broker = SlowBroker()
        world = World(broker=broker, folder=tmp_path)
        world.open_letter_boxes()
        world.publish_directory()
        with world.bert.acting():
            another = Consumer(broker=broker, handlers=host.handlers)
            world.send("first")
            read_all(another, until=1)
            world.send("second")

            def overtake() -> None:
                world.send("third")
                read_all(another, until=2)

            broker.meanwhile = overtake
            was_lost = offsets.prepare(broker=broker, topic=TOPIC, now=LATER)

        assert host.told == ["first", "second", "third"]
        assert not was_lost
        assert StoredOffset.objects.get(partition=0).next_offset == 3


class TestAReplay:
    def test_hands_everything_over_again_without_recovery(self, bert: World, consumer: Consumer, host: Host) -> None:
        for text in ("first", "second"):
            bert.send(text)
        read_all(consumer, until=2)

        moves = services.replay_messages(starts=None, now=LATER)
        read_all(consumer, now=LATER, until=2)
        bert.send("third")
        read_all(Consumer(broker=bert.broker, handlers=host.handlers), now=LATER, until=1)

        assert moves[0] == (2, 0)
        assert host.told == ["first", "second", "first", "second", "third"]
        assert not selectors.in_recovery()
        assert StoredOffset.objects.get(partition=0).rewound_from is None

    def test_may_begin_anywhere(self, bert: World, consumer: Consumer, host: Host) -> None:
        for text in ("first", "second"):
            bert.send(text)
        read_all(consumer, until=2)

        services.replay_messages(starts={0: 1}, now=LATER)
        read_all(consumer, now=LATER, until=1)

        assert host.told == ["first", "second", "second"]

    def test_changes_nothing_when_dry(self, bert: World, consumer: Consumer) -> None:
        bert.send("first")
        read_all(consumer, until=1)

        moves = services.replay_messages(starts=None, now=LATER, dry_run=True)

        assert moves[0] == (1, 0)
        assert StoredOffset.objects.get(partition=0).next_offset == 1
        assert not AuditEvent.objects.filter(action="messages.replayed").exists()

    @pytest.mark.parametrize("starts", [{0: 2}, {0: -1}, {9: 0}])
    def test_cannot_begin_where_nobody_was(self, bert: World, consumer: Consumer, starts: dict[int, int]) -> None:
        bert.send("first")
        read_all(consumer, until=1)

        with pytest.raises(OffsetUnknown):
            services.replay_messages(starts=starts, now=LATER)


class TestADeadLetter:
    def bury_one(self, world: World, consumer: Consumer) -> int:
        """Let a message arrive before BNKA's key is known."""
        world.send("early")
        PeerKey.objects.all().delete()
        read_all(consumer, until=1)
        return DeadLetter.objects.get().pk

    def knows_again(self, world: World) -> None:
        world.publish_directory(world.document(version=2))

    def test_is_tried_again_when_two_persons_want_it(
        self, bert: World, consumer: Consumer, host: Host, person: Callable[[str], User]
    ) -> None:
        read_all(consumer, turns=2)
        letter = self.bury_one(bert, consumer)
        self.knows_again(bert)
        ruth, omar = person("ruth"), person("omar")

        asked = services.redrive_dead_letter(letter_id=letter, by=ruth, reason="key is known now", now=LATER)
        granted = services.redrive_dead_letter(letter_id=letter, by=omar, reason="so it is", now=LATER)
        read_all(consumer, now=LATER, turns=3)

        assert (asked, granted) == (False, True)
        assert host.told == ["early"]
        assert DeadLetter.objects.get().status == DeadLetter.Status.REDRIVEN

    def test_goes_through_every_check_again(self, bert: World, consumer: Consumer, host: Host, person: Callable[[str], User]) -> None:
        read_all(consumer, turns=2)
        letter = self.bury_one(bert, consumer)
        for name in ("ruth", "omar"):
            services.redrive_dead_letter(letter_id=letter, by=person(name), reason="try", now=LATER)

        read_all(consumer, now=LATER, turns=3)

        assert host.told == []
        assert DeadLetter.objects.get().status == DeadLetter.Status.OPEN

    def test_whose_statement_takes_too_long_again_does_not_stop_the_others(
        self, bert: World, consumer: Consumer, host: Host, person: Callable[[str], User]
    ) -> None:
        read_all(consumer, turns=2)
        letter = self.bury_one(bert, consumer)
        self.knows_again(bert)
        for name in ("ruth", "omar"):
            services.redrive_dead_letter(letter_id=letter, by=person(name), reason="try", now=LATER)
        host.trouble = [took_too_long()]
        bert.send("next")

        read_all(consumer, now=LATER, turns=2, until=1)

        assert host.told == ["next"]
        assert DeadLetter.objects.get().reason == "handler-failed"

    def test_that_was_discarded_stays_so_when_it_comes_again(self, bert: World, consumer: Consumer, person: Callable[[str], User]) -> None:
        bert.post(b"noise", headers=[])
        read_all(consumer, until=1)
        letter = DeadLetter.objects.get().pk
        services.discard_dead_letter(letter_id=letter, by=person("ruth"), reason="noise", now=LATER)
        bert.post(b"noise", headers=[])
        read_all(consumer, now=LATER, until=1)

        only = DeadLetter.objects.get()
        assert (only.status, only.count) == (DeadLetter.Status.DISCARDED, 2)
        with pytest.raises(DeadLetterNotOpen):
            services.redrive_dead_letter(letter_id=letter, by=User.objects.get(username="ruth"), reason="again", now=LATER)
