"""Messages that cannot count: each is kept with its reason, and the good ones behind it pass."""

from dataclasses import replace

import pytest

from messaging import dead_letters, signing
from messaging.consumer import Consumer
from messaging.models import DeadLetter, StoredOffset
from messaging.signing import KEY_ID, SIGNATURE, Domain
from messaging.tests.banks import Host, World, letter, read_all


@pytest.fixture
def consumer(bert: World, host: Host) -> Consumer:
    return Consumer(broker=bert.broker, handlers=host.handlers)


def buried() -> dict[str, int]:
    return dict(DeadLetter.objects.order_by("reason").values_list("reason", "count"))


def stored(partition: int = 0) -> int:
    return StoredOffset.objects.get(topic="external-transfers.BNKB", partition=partition).next_offset


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

    def test_is_one_that_only_banks_send_from_the_head_bank(self, bert: World, consumer: Consumer, host: Host) -> None:
        value = letter("x", source="HEAD", destination="BNKB")
        bert.post(value, headers=bert.head.key.headers(domain=Domain.MESSAGE, value=value))
        self.check("sender-wrong", consumer, host, bert)

    def test_is_one_that_only_the_head_bank_sends_from_a_bank(self, bert: World, host: Host) -> None:
        notices = {"notice.given": replace(host.handlers["greeting.sent"], of_head_bank=True)}
        value = letter("x", source="BNKA", destination="BNKB", type="notice.given.v1")
        bert.post(value, headers=bert.anna.key.headers(domain=Domain.MESSAGE, value=value))
        self.check("sender-wrong", Consumer(broker=bert.broker, handlers=host.handlers | notices), host, bert)

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
