"""The relay: what it publishes when, and what it survives."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction

from access.site import acting_as
from messaging import directory, lease, outbox, selectors
from messaging.broker import Record
from messaging.envelope import decode
from messaging.errors import MessageTooLarge
from messaging.memory import MemoryBroker
from messaging.models import Directory, Message, Peer, Recovery
from messaging.relay import BATCH, PAUSE, Relay
from messaging.rules import resend_after_s
from messaging.signing import KEY_ID, SIGNATURE, Domain, create_key_file, is_signed
from messaging.tests.banks import NOON, Greeting, World, relay_of

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def relay(bert: World) -> Relay:
    """BNKB's relay, in a bank that knows the directory."""
    with bert.bert.acting():
        directory.take(document=bert.document(), now=NOON)
    return relay_of(bert.bert, bert)


def enqueue(text: str, *, is_request: bool = True, now: datetime = NOON, to: str = "BNKA", items: int = 1) -> UUID:
    draft = outbox.Draft(
        destination=to,
        partition=1,
        type="greeting.sent.v1",
        data=Greeting(text=text),
        is_request=is_request,
        open_items=items if is_request else 0,
    )
    with transaction.atomic():
        return outbox.enqueue_each(messages=[draft], now=now)[0]


def sent(world: World, *, to: str = "BNKA") -> list[Record]:
    assert isinstance(world.broker, MemoryBroker)
    return world.broker.records(topic=f"external-transfers.{to}")


def texts(world: World) -> list[str]:
    return [bytes(decode(record.value).data).decode().split('"')[3] for record in sent(world)]


class TestAMessage:
    def test_is_published_signed_to_its_letter_box_and_partition(self, bert: World, relay: Relay) -> None:
        message = enqueue("hello")

        relay.turn(now=NOON)

        record = sent(bert)[0]
        headers = dict(record.headers)
        assert (record.partition, decode(record.value).id) == (1, message)
        assert headers[KEY_ID].decode() == bert.bert.key.key_id
        assert is_signed(public_key=bert.bert.key.public_key, domain=Domain.MESSAGE, value=record.value, signature=headers[SIGNATURE])

    def test_that_is_an_answer_is_finished_when_published(self, bert: World, relay: Relay) -> None:
        answer = enqueue("answer", is_request=False)

        relay.turn(now=NOON)
        relay.turn(now=LATER)

        assert Message.objects.get(id=answer).finished_at == NOON
        assert len(sent(bert)) == 1

    def test_that_is_a_request_is_repeated_until_its_last_item_is_answered(self, bert: World, relay: Relay) -> None:
        request = enqueue("request", items=2)
        relay.turn(now=NOON)
        relay.turn(now=NOON + timedelta(seconds=1))
        once = len(sent(bert))
        relay.turn(now=NOON + timedelta(seconds=3))

        with transaction.atomic():
            outbox.close_items(counts={request: 1}, now=NOON)
        relay.turn(now=LATER)
        with transaction.atomic():
            outbox.close_items(counts={request: 1}, now=LATER)
        relay.turn(now=LATER + timedelta(hours=1))

        assert once == 1
        assert len(sent(bert)) == 3
        assert outbox.publication_times(ids=[request]) == {request: NOON}
        assert Message.objects.get(id=request).finished_at == LATER

    def test_repeated_is_the_same_to_the_byte(self, bert: World, relay: Relay) -> None:
        enqueue("request")

        relay.turn(now=NOON)
        relay.turn(now=LATER)

        first, second = sent(bert)
        assert (first.value, first.headers) == (second.value, second.headers)

    def test_is_published_again_after_a_crash_before_it_was_marked(self, bert: World, relay: Relay) -> None:
        assert isinstance(bert.broker, MemoryBroker)
        answer = enqueue("answer", is_request=False)

        def crash(step: str) -> None:
            if step == "after publish":
                raise SystemExit

        bert.broker.hook = crash
        with pytest.raises(SystemExit):
            relay.turn(now=NOON)
        bert.broker.hook = lambda _step: None
        relay_of(bert.bert, bert).turn(now=NOON)

        assert texts(bert) == ["answer", "answer"]
        assert Message.objects.get(id=answer).finished_at == NOON

    def test_to_a_letter_box_that_does_not_exist_stands_before_no_other(self, bert: World, relay: Relay) -> None:
        enqueue("to nobody", to="BNKX")
        enqueue("to BNKA")
        relay.turn(now=NOON)

        assert texts(bert) == ["to BNKA"]
        assert Message.objects.filter(first_published_at=None).count() == 1

    def test_to_a_topic_the_broker_refuses_stands_before_no_other(self, world: World) -> None:
        banks = [world.anna.entry(), world.bert.entry(), world.anna.entry()]
        with world.bert.acting():
            Peer.objects.create(code="BNKX", name="X", topic="not-there", partitions=4, status="active")
            Peer.objects.create(code="BNKA", name="A", topic=banks[0].topic, partitions=4, status="active")
            enqueue("to X", to="BNKX")
            enqueue("to BNKA")
            relay = relay_of(world.bert, world)
            relay.turn(now=NOON)
            relay.turn(now=NOON)

            assert texts(world) == ["to BNKA"]

    def test_too_large_is_refused_where_it_is_announced(self, bert: World) -> None:
        with pytest.raises(MessageTooLarge):
            enqueue("x" * 900_000)


class TestTheOrder:
    def test_is_answers_then_first_requests_then_repeats(self, bert: World, relay: Relay) -> None:
        enqueue("repeat")
        relay.turn(now=NOON)
        enqueue("first", now=LATER)
        enqueue("answer", is_request=False, now=LATER)

        relay.turn(now=LATER)

        assert texts(bert)[1:] == ["answer", "first", "repeat"]

    def test_leaves_room_for_new_requests_however_many_are_repeated(self, bert: World, relay: Relay) -> None:
        for place in range(BATCH + 10):
            enqueue(f"request {place}")
        relay.turn(now=NOON)
        relay.turn(now=NOON)
        before = len(sent(bert))

        relay.turn(now=LATER)

        assert before == BATCH + 10
        assert len(sent(bert)) - before == BATCH // 2


class TestWaiting:
    def test_doubles_up_to_a_limit(self) -> None:
        waits = [resend_after_s(attempts=attempts, first_s=2, longest_s=60, chance=0.5) for attempts in (1, 2, 3, 4, 5, 6, 1_000)]

        assert waits == [2, 4, 8, 16, 32, 60, 60]

    def test_is_spread_by_a_quarter_either_way(self) -> None:
        assert resend_after_s(attempts=1, first_s=2, longest_s=60, chance=0) == 1.5
        assert resend_after_s(attempts=1, first_s=2, longest_s=60, chance=1) == 2.5


class TestTwoRelays:
    def test_never_publish_at_once(self, bert: World, relay: Relay) -> None:
        other = relay_of(bert.bert, bert, holder="other")
        relay.turn(now=NOON)
        enqueue("hello")

        assert other.turn(now=NOON) == 0
        assert relay.turn(now=NOON) == 1

    def test_take_turns_when_one_dies(self, bert: World, relay: Relay) -> None:
        relay.turn(now=NOON)
        other = relay_of(bert.bert, bert, holder="other")
        enqueue("hello")

        assert other.turn(now=NOON + lease.LENGTH + timedelta(seconds=1)) == 1

    def test_take_turns_although_the_one_that_died_had_a_clock_ahead(self, bert: World, relay: Relay) -> None:
        relay.turn(now=NOON + timedelta(hours=1))
        other = relay_of(bert.bert, bert, holder="other")
        enqueue("hello")

        assert other.turn(now=NOON) == 1

    def test_lets_another_take_over_within_ten_seconds(self) -> None:
        longest = lease.LENGTH + PAUSE

        assert longest < timedelta(seconds=10)

    def test_take_turns_at_once_when_one_stops_in_order(self, bert: World, relay: Relay) -> None:
        relay.turn(now=NOON)
        relay.close()
        enqueue("hello")

        assert relay_of(bert.bert, bert, holder="other").turn(now=NOON) == 1

    def test_end_with_the_older_one_fenced_where_clocks_disagree(self, bert: World, relay: Relay) -> None:
        enqueue("hello")
        relay.turn(now=NOON)
        other = relay_of(bert.bert, bert, holder="other")
        other.turn(now=LATER)
        enqueue("again", is_request=False)

        published = relay.turn(now=NOON + timedelta(seconds=1))

        assert published == 0
        assert "again" not in texts(bert)


class TestTheKey:
    def test_is_the_one_of_the_moment(self, bert: World, relay: Relay) -> None:
        file = bert.bert.site.message_key_file
        assert file is not None
        enqueue("old key", is_request=False)
        relay.turn(now=NOON)
        file.unlink()
        new = create_key_file(file=file)
        enqueue("new key", is_request=False)

        relay.turn(now=NOON)

        assert [dict(record.headers)[KEY_ID].decode() for record in sent(bert)] == [bert.bert.key.key_id, new.key_id]


class TestAPause:
    def test_is_not_longer_because_the_clock_was_set_back(self, bert: World, relay: Relay) -> None:
        recovery = Recovery.objects.create(detail="went back", cluster_id="memory-0", since=NOON)
        relay.turn(now=NOON)
        Recovery.objects.filter(pk=recovery.pk).update(ended_at=NOON)
        enqueue("hello", now=NOON - timedelta(hours=1))

        assert relay.turn(now=NOON - timedelta(hours=1)) == 1


class TestInRecovery:
    def test_nothing_is_published(self, bert: World, relay: Relay) -> None:
        enqueue("hello")
        Recovery.objects.create(detail="went back", cluster_id="memory-0", since=NOON)

        assert relay.turn(now=NOON) == 0
        assert sent(bert) == []

    def test_a_relay_that_starts_first_sees_that_the_database_went_back(self, bert: World, relay: Relay) -> None:
        enqueue("hello")
        topic = "external-transfers.BNKB"
        assert isinstance(bert.broker, MemoryBroker)
        bert.broker.commit(topic=topic, group=topic, offsets={2: 5})

        relay.turn(now=NOON)

        assert selectors.in_recovery()
        assert sent(bert) == []


class TestTheHeadBanksRelay:
    def publish(self, relay: Relay, *seconds: int) -> int:
        return sum(relay.turn(now=NOON + timedelta(seconds=second)) for second in seconds)

    def test_publishes_the_directory_at_its_start_and_every_minute(self, world: World) -> None:
        with acting_as(world.head.site):
            self.store(world, version=1)
            relay = relay_of(world.head, world)

            assert self.publish(relay, 0, 1, 30) == 1
            assert self.publish(relay, 61, 62) == 1

    def test_publishes_a_new_version_at_once(self, world: World) -> None:
        with acting_as(world.head.site):
            self.store(world, version=1)
            relay = relay_of(world.head, world)
            self.publish(relay, 0)
            self.store(world, version=2)

            assert self.publish(relay, 1) == 1

    def test_publishes_it_again_to_a_broker_that_lost_everything(self, world: World) -> None:
        assert isinstance(world.broker, MemoryBroker)
        with acting_as(world.head.site):
            self.store(world, version=1)
            relay = relay_of(world.head, world)
            self.publish(relay, 0)
            world.broker.wipe()

            assert self.publish(relay, 11, 12) == 1
            assert len(world.broker.records(topic="bank-directory")) == 1

    def test_signs_what_the_register_announced(self, world: World) -> None:
        assert isinstance(world.broker, MemoryBroker)
        with acting_as(world.head.site):
            with transaction.atomic():
                directory.announce(banks=[world.anna.entry()], now=NOON)
            unsigned = directory.current()

            self.publish(relay_of(world.head, world), 0)

            document = directory.current()
        assert unsigned is None
        assert document is not None
        with acting_as(world.bert.site):
            Directory.objects.all().delete()  # from here on this database is Beta's
            assert directory.take(document=document, now=NOON).outcome is directory.Outcome.TAKEN
        assert [record.value for record in world.broker.records(topic="bank-directory")] == [document.value]

    def test_publishes_what_is_due_also_where_the_broker_refuses_the_directory(self, world: World) -> None:
        with acting_as(world.head.site):
            with transaction.atomic():
                directory.announce(banks=[world.anna.entry()], now=NOON)
            Directory.objects.update(value=b"x" * 2_000_000)
            enqueue("hello")

            self.publish(relay_of(world.head, world), 0, 2)

        assert texts(world) == ["hello"]

    def test_tries_a_directory_again_that_the_broker_refused(self, world: World) -> None:
        assert isinstance(world.broker, MemoryBroker)
        with acting_as(world.head.site):
            self.store(world, version=1)
            value = Directory.objects.get().value
            Directory.objects.update(value=b"x" * 2_000_000)
            relay = relay_of(world.head, world)
            self.publish(relay, 0)
            Directory.objects.update(value=value)

            assert self.publish(relay, 2, 4) == 1

    def store(self, world: World, *, version: int) -> None:
        document = world.document(version=version)
        Directory.objects.create(
            version=version, value=document.value, signature=document.signature, key_id=document.key_id, received_at=NOON
        )
