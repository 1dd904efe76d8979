"""The consumer: what counts, what does not, and that nothing is lost between the two."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from messaging import dead_letters, offsets, signing
from messaging.consumer import TRIES, Consumer
from messaging.memory import MemoryBroker
from messaging.models import DeadLetter, StoredOffset
from messaging.signing import KEY_ID, SIGNATURE, Domain
from messaging.tests.banks import NOON, Host, World, letter, read_all


@pytest.fixture
def consumer(bert: World, host: Host) -> Consumer:
    return Consumer(broker=bert.broker, handlers=host.handlers)


def buried() -> dict[str, int]:
    return dict(DeadLetter.objects.order_by("reason").values_list("reason", "count"))


def stored(partition: int = 0) -> int:
    return StoredOffset.objects.get(topic="external-transfers.BNKB", partition=partition).next_offset


class TestAGoodMessage:
    def test_has_its_effect_and_moves_the_offset(self, bert: World, consumer: Consumer, host: Host) -> None:
        bert.send("hello", partition=0)
        bert.send("again", partition=3)

        read_all(consumer, until=2)

        assert host.told == ["hello", "again"]
        assert (stored(0), stored(3)) == (1, 1)
        assert buried() == {}

    def test_tells_the_broker_how_far_it_came(self, bert: World, consumer: Consumer) -> None:
        bert.send("hello")

        read_all(consumer, until=1)

        topic = "external-transfers.BNKB"
        assert bert.broker.committed(topic=topic, group=topic, partitions=range(4)) == {0: 1}

    def test_is_handled_together_with_others_of_its_type(self, bert: World, consumer: Consumer, host: Host) -> None:
        for place in range(20):
            bert.send(f"hello {place}", items=1)

        read_all(consumer, until=20)

        assert host.batches == [20]

    def test_shares_a_transaction_with_at_most_two_thousand_items(self, bert: World, consumer: Consumer, host: Host) -> None:
        for place in range(5):
            bert.send(f"hello {place}", items=900)

        read_all(consumer, until=5)

        assert host.batches == [2, 1, 2]

    def test_is_not_read_before_the_directory_is_known(self, world: World, host: Host) -> None:
        world.send("hello")

        with world.bert.acting():
            consumer = Consumer(broker=world.broker, handlers=host.handlers)
            before = read_all(consumer, turns=3)
            world.publish_directory()
            after = read_all(consumer, until=1)

        assert (before, after, host.told, buried()) == (0, 1, ["hello"], {})


class TestAMessageThatCannotCount:
    def check(self, reason: str, consumer: Consumer, host: Host, world: World) -> None:
        """Demand that a good message behind it passes, and that it is found with its reason."""
        world.send("good one")
        read_all(consumer, until=2)
        assert host.told == ["good one"]
        assert buried() == {reason: 1}
        assert stored() == 2

    def test_is_one_nobody_signed(self, bert: World, consumer: Consumer, host: Host) -> None:
        bert.post(letter("x", source="BNKA", destination="BNKB"), headers=[])
        self.check("unsigned", consumer, host, bert)

    def test_is_one_signed_twice(self, bert: World, consumer: Consumer, host: Host) -> None:
        value = letter("x", source="BNKA", destination="BNKB")
        bert.post(value, headers=bert.anna.key.headers(domain=Domain.MESSAGE, value=value) * 2)
        self.check("unsigned", consumer, host, bert)

    def test_is_one_altered_on_its_way(self, bert: World, consumer: Consumer, host: Host) -> None:
        value = letter("pay 1", source="BNKA", destination="BNKB")
        bert.post(value.replace(b"pay 1", b"pay 9"), headers=bert.anna.key.headers(domain=Domain.MESSAGE, value=value))
        self.check("signature-wrong", consumer, host, bert)

    def test_is_one_signed_with_a_key_nobody_knows(self, bert: World, consumer: Consumer, host: Host) -> None:
        value = letter("x", source="BNKA", destination="BNKB")
        bert.post(value, headers=signing.generate().headers(domain=Domain.MESSAGE, value=value))
        self.check("key-unknown", consumer, host, bert)

    def test_is_one_whose_key_id_is_no_text(self, bert: World, consumer: Consumer, host: Host) -> None:
        value = letter("x", source="BNKA", destination="BNKB")
        bert.post(value, headers=[(SIGNATURE, b"\x00" * 64), (KEY_ID, b"\x00\xff'\"")])
        self.check("unsigned", consumer, host, bert)

    def test_is_one_signed_for_another_purpose(self, bert: World, consumer: Consumer, host: Host) -> None:
        value = letter("x", source="BNKA", destination="BNKB")
        bert.post(value, headers=bert.anna.key.headers(domain=Domain.DIRECTORY, value=value))
        self.check("signature-wrong", consumer, host, bert)

    def test_is_one_a_bank_signed_in_anothers_name(self, bert: World, consumer: Consumer, host: Host) -> None:
        value = letter("x", source="BNKC", destination="BNKB")
        bert.post(value, headers=bert.anna.key.headers(domain=Domain.MESSAGE, value=value))
        self.check("source-wrong", consumer, host, bert)

    def test_is_one_of_our_own(self, bert: World, consumer: Consumer, host: Host) -> None:
        value = letter("x", source="BNKB", destination="BNKB")
        bert.post(value, headers=bert.bert.key.headers(domain=Domain.MESSAGE, value=value))
        self.check("own-message", consumer, host, bert)

    def test_is_one_meant_for_another_bank(self, bert: World, consumer: Consumer, host: Host) -> None:
        value = letter("x", source="BNKA", destination="BNKC")
        bert.post(value, headers=bert.anna.key.headers(domain=Domain.MESSAGE, value=value))
        self.check("destination-wrong", consumer, host, bert)

    def test_is_one_of_a_type_nobody_handles(self, bert: World, consumer: Consumer, host: Host) -> None:
        value = letter("x", source="BNKA", destination="BNKB", type="directory.published.v1")
        bert.post(value, headers=bert.anna.key.headers(domain=Domain.MESSAGE, value=value))
        self.check("type-unknown", consumer, host, bert)

    def test_is_one_whose_handler_cannot_read_it(self, bert: World, consumer: Consumer, host: Host) -> None:
        value = letter("x", source="BNKA", destination="BNKB").replace(b'"text"', b'"word"')
        bert.post(value, headers=bert.anna.key.headers(domain=Domain.MESSAGE, value=value))
        self.check("data-invalid", consumer, host, bert)

    def test_is_one_too_large(self, bert: World, consumer: Consumer, host: Host) -> None:
        value = letter("x" * 900_000, source="BNKA", destination="BNKB")
        bert.post(value, headers=bert.anna.key.headers(domain=Domain.MESSAGE, value=value))
        self.check("too-large", consumer, host, bert)

    @pytest.mark.parametrize(
        "value",
        [
            b"",
            b"\xff\xfe",
            b"null",
            b"[" * 200_000,
            b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            letter("x", source="BNKA", destination="BNKB") + b"{}",
            letter("x", source="BNKA", destination="BNKB").replace(b'"items":1', b'"items":NaN'),
            letter("x", source="BNKA", destination="BNKB").replace(b'"items":1', b'"items":1,"items":2'),
            letter("x", source="BNKA", destination="BNKB").replace(b'"source":"BNKA"', b'"source":"BNKA","source":"BNKA"'),
            letter("x", source="BNKA", destination="BNKB").replace(b'"1.0"', b'"2.0"'),
            letter("x", source="BNKA", destination="BNKB").replace(b"x", b"\\ud800"),
        ],
        ids=[
            "empty",
            "binary",
            "null",
            "deep",
            "deeper",
            "trailing",
            "nan",
            "repeated-name",
            "repeated-source",
            "cloudevents-2",
            "surrogate",
        ],
    )
    def test_is_one_that_is_not_json_as_we_read_it(self, bert: World, consumer: Consumer, host: Host, value: bytes) -> None:
        bert.post(value, headers=bert.anna.key.headers(domain=Domain.MESSAGE, value=value))
        self.check("undecodable", consumer, host, bert)

    def test_is_one_signed_with_a_revoked_key(self, world: World, host: Host) -> None:
        world.send("before")
        world.publish_directory()
        with world.bert.acting():
            consumer = Consumer(broker=world.broker, handlers=host.handlers)
            read_all(consumer, until=1)
            world.publish_directory(world.document(version=2, banks=[world.anna.entry(revoked=True), world.bert.entry()]))
            world.send("after")
            read_all(consumer, until=1)

        assert host.told == ["before"]
        assert buried() == {"key-revoked": 1}

    def test_is_kept_once_however_often_it_comes(self, bert: World, consumer: Consumer) -> None:
        for _ in range(3):
            bert.post(b"nonsense \x00", headers=[("h\x00", b"\xff")])

        read_all(consumer, until=3)

        only = DeadLetter.objects.get()
        assert (only.count, bytes(only.value), only.status) == (3, b"nonsense \x00", DeadLetter.Status.OPEN)
        assert dead_letters.record_of(only).headers[0][1] == b"\xff"


class TestTrouble:
    def test_of_the_database_is_waited_out_however_long_it_takes(self, bert: World, consumer: Consumer, host: Host) -> None:
        host.trouble = [OperationalError("canceling statement due to lock timeout") for _ in range(3 * TRIES)]
        bert.send("hello")

        read_all(consumer, until=1)

        assert host.told == ["hello"]
        assert buried() == {}

    def test_of_the_database_halves_the_batch_down_to_one_message(self, bert: World, consumer: Consumer, host: Host) -> None:
        host.trouble = [OperationalError("deadlock detected") for _ in range(9)]
        for place in range(8):
            bert.send(f"hello {place}")

        read_all(consumer, until=8)

        assert host.batches[0] == 1
        assert host.told == [f"hello {place}" for place in range(8)]

    def test_of_a_handler_is_tried_ten_times_and_then_stands_aside(self, bert: World, consumer: Consumer, host: Host) -> None:
        bert.send("hello")
        host.trouble = [KeyError("a bug") for _ in range(TRIES)]
        bert.send("good one")

        read_all(consumer, until=2)

        assert host.told == ["good one"]
        assert buried() == {"handler-failed": 1}
        assert host.trouble == []

    def test_of_a_handler_that_passes_costs_nothing(self, bert: World, consumer: Consumer, host: Host) -> None:
        host.trouble = [KeyError("a bug") for _ in range(TRIES - 1)]
        bert.send("hello")

        read_all(consumer, until=1)

        assert host.told == ["hello"]
        assert StoredOffset.objects.get(partition=0).attempts == 0

    def test_of_a_handler_that_ends_the_process_is_counted_too(self, bert: World, host: Host) -> None:
        bert.send("killer")
        bert.send("good one")
        starts = 0
        while stored_or_none() != 2 and starts < 3 * TRIES:
            host.trouble = [] if stored_or_none() == 1 else [Died()]  # type: ignore[list-item]
            starts += 1
            try:
                read_all(Consumer(broker=bert.broker, handlers=host.handlers), turns=4)
            except Died:
                continue

        assert host.told == ["good one"]
        assert buried() == {"handler-failed": 1}
        assert TRIES <= starts <= TRIES + 2

    def test_of_the_broker_is_met_with_a_new_client(self, bert: World, consumer: Consumer, host: Host) -> None:
        broker = bert.broker
        assert isinstance(broker, MemoryBroker)
        read_all(consumer, turns=2)
        broker.wipe()
        bert.open_letter_boxes()
        bert.publish_directory()
        bert.send("after the flood")

        read_all(consumer, until=1)

        assert host.told == ["after the flood"]
        assert StoredOffset.objects.get(partition=0).cluster_id == broker.cluster_id()


class Died(BaseException):
    """The process ended."""


def stored_or_none() -> int | None:
    row = StoredOffset.objects.filter(partition=0).first()
    return row.next_offset if row else None


class TestAZombie:
    def test_changes_nothing_once_another_read_on(self, bert: World, host: Host) -> None:
        zombie_host = Host()
        zombie = Consumer(broker=bert.broker, handlers=zombie_host.handlers)
        read_all(zombie, turns=2)
        bert.send("hello")
        read_all(Consumer(broker=bert.broker, handlers=host.handlers), until=1)

        first = zombie.turn(now=NOON + timedelta(hours=1))

        assert first == 0
        assert (host.told, zombie_host.told) == (["hello"], [])

    def test_goes_on_behind_the_other(self, bert: World, host: Host) -> None:
        zombie_host = Host()
        zombie = Consumer(broker=bert.broker, handlers=zombie_host.handlers)
        read_all(zombie, turns=2)
        bert.send("hello")
        read_all(Consumer(broker=bert.broker, handlers=host.handlers), until=1)
        bert.send("again")

        read_all(zombie, now=NOON + timedelta(hours=1), until=1)

        assert zombie_host.told == ["again"]


class TestAnOffset:
    def test_may_not_be_other_than_expected(self, bert: World, consumer: Consumer) -> None:
        read_all(consumer, turns=2)

        with pytest.raises(offsets.Moved):
            offsets.lock(topic="external-transfers.BNKB", expected={0: 5})

    def test_that_nobody_prepared_cannot_be_read_from(self, bert: World) -> None:
        with pytest.raises(offsets.Moved):
            offsets.stored(topic="external-transfers.BNKB", partitions=[0])
