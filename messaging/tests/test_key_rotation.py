"""A new key for messages: announced, vouched for, used, and the old one ended, while messages go on."""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from access.site import acting_as, this_bank
from messaging import directory, outbox, selectors, signing
from messaging.broker import Record
from messaging.envelope import decode
from messaging.events import BankKey, KeyAnnounced, KeyRetired
from messaging.key_rotation import REST, announce_key
from messaging.memory import MemoryBroker
from messaging.models import Message, OwnKey
from messaging.relay import Relay
from messaging.services import ensure_own_key
from messaging.signing import KEY_ID, Domain, SigningKey
from messaging.tests.banks import NOON, Greeting, World, relay_of

SOON = NOON + timedelta(seconds=1)
RESTED = SOON + REST + timedelta(seconds=1)
OVERLAP = timedelta(hours=1)


@pytest.fixture
def relay(bert: World) -> Relay:
    """BNKB's relay, in a bank that knows the directory and its own key."""
    directory.take(document=bert.document(), now=NOON)
    file = this_bank().message_key_file
    assert file is not None
    ensure_own_key(use="messages", file=file, now=NOON)
    return relay_of(bert.bert, bert)


def announce(*, now: datetime = NOON) -> str:
    file = this_bank().message_key_file
    assert file is not None
    return signing.key_id_of(public_key=announce_key(file=file, now=now))


def vouch(world: World, *key_ids: str, revoked: bool = False) -> None:
    """Let the head bank say that these keys speak for BNKB beside its old one, or that the old one no longer does."""
    new = [BankKey(id=key.key_id, public_key=key.public_key) for key in OwnKey.objects.filter(key_id__in=key_ids)]
    entry = msgspec.structs.replace(world.bert.entry(revoked=revoked), keys=(*world.bert.entry(revoked=revoked).keys, *new))
    version = selectors.directory_version() + 1
    directory.take(document=world.document(version=version, banks=[world.anna.entry(), entry]), now=SOON)


def say(relay: Relay, text: str, *, now: datetime) -> None:
    draft = outbox.Draft(destination="BNKA", partition=0, type="greeting.sent.v1", data=Greeting(text=text), is_request=False)
    with transaction.atomic():
        outbox.enqueue_each(messages=[draft], now=now)
    relay.turn(now=now)
    relay.turn(now=now)


def signers(world: World, *, to: str) -> list[str]:
    return [dict(record.headers)[KEY_ID].decode() for record in records(world, to=to)]


def records(world: World, *, to: str) -> list[Record]:
    assert isinstance(world.broker, MemoryBroker)
    return world.broker.records(topic=f"external-transfers.{to}")


class TestANewKey:
    def test_is_announced_to_the_head_bank_under_the_old_one(self, bert: World, relay: Relay) -> None:
        new = announce()

        relay.turn(now=SOON)

        (record,) = records(bert, to="HEAD")
        said = msgspec.json.decode(decode(record.value).data, type=KeyAnnounced)
        assert signing.key_id_of(public_key=said.public_key) == new
        assert signing.is_signed(public_key=said.public_key, domain=Domain.KEY, value=b"BNKB", signature=bytes.fromhex(said.proof)), (
            "it shows that the bank has its private half"
        )
        assert signers(bert, to="HEAD") == [bert.bert.key.key_id]

    def test_is_announced_once_however_often_it_is_asked(self, bert: World, relay: Relay) -> None:
        assert announce() == announce(now=SOON)

        assert Message.objects.count() == 1

    def test_is_not_used_before_the_head_bank_vouches_for_it(self, bert: World, relay: Relay) -> None:
        announce()

        say(relay, "hello", now=RESTED)

        assert signers(bert, to="BNKA") == [bert.bert.key.key_id]

    def test_is_not_used_before_every_bank_can_have_read_of_it(self, bert: World, relay: Relay) -> None:
        vouch(bert, announce())

        say(relay, "hello", now=SOON)
        say(relay, "still", now=SOON + REST / 2)

        assert set(signers(bert, to="BNKA")) == {bert.bert.key.key_id}

    def test_is_used_then_and_the_announcement_ends(self, bert: World, relay: Relay) -> None:
        new = announce()
        vouch(bert, new)
        say(relay, "hello", now=SOON)

        say(relay, "new", now=RESTED)

        assert signers(bert, to="BNKA") == [bert.bert.key.key_id, new]
        assert selectors.own_public_key(use="messages") == OwnKey.objects.get(key_id=new).public_key
        assert not Message.objects.filter(type="keys.announced.v1", finished_at__isnull=True).exists()

    def test_is_not_shown_as_the_banks_own_before_it_is_used(self, bert: World, relay: Relay) -> None:
        before = selectors.own_public_key(use="messages")
        announce()

        assert selectors.own_public_key(use="messages") == before

    def test_is_none_at_the_head_bank(self, bert: World) -> None:
        with bert.head.acting(), pytest.raises(CommandError, match="HEAD_BANK_KEY"):
            call_command("rotate_key", use="messages")


class TestTheOldKey:
    def rotate(self, world: World, relay: Relay) -> str:
        new = announce()
        vouch(world, new)
        say(relay, "hello", now=SOON)
        say(relay, "new", now=RESTED)
        return new

    def test_counts_until_the_overlap_is_over(self, bert: World, relay: Relay) -> None:
        self.rotate(bert, relay)

        relay.turn(now=RESTED + OVERLAP / 2)

        assert [decode(record.value).type for record in records(bert, to="HEAD")] == ["keys.announced.v1"]

    def test_is_ended_then_under_the_new_one(self, bert: World, relay: Relay) -> None:
        new = self.rotate(bert, relay)

        relay.turn(now=RESTED + OVERLAP + timedelta(seconds=1))

        record = records(bert, to="HEAD")[-1]
        assert msgspec.json.decode(decode(record.value).data, type=KeyRetired).key_id == bert.bert.key.key_id
        assert signers(bert, to="HEAD")[-1] == new

    def test_is_asked_to_be_ended_until_the_directory_says_so(self, bert: World, relay: Relay) -> None:
        new = self.rotate(bert, relay)
        over = RESTED + OVERLAP + timedelta(seconds=1)
        relay.turn(now=over)
        relay.turn(now=over + timedelta(minutes=2))
        before = len(records(bert, to="HEAD"))
        vouch(bert, new, revoked=True)

        relay.turn(now=over + timedelta(minutes=4))
        relay.turn(now=over + timedelta(minutes=8))

        assert before == 3
        assert not Message.objects.filter(finished_at__isnull=True).exists()
        assert len(records(bert, to="HEAD")) == before

    def test_is_asked_about_no_more_although_a_later_one_still_counts(self, bert: World, relay: Relay) -> None:
        second = self.rotate(bert, relay)
        third = announce(now=RESTED)
        vouch(bert, second, third)
        again = RESTED + timedelta(seconds=10)
        for pause in (0, 8, 16):
            say(relay, "third", now=again + timedelta(seconds=pause))
        vouch(bert, second, third, revoked=True)

        relay.turn(now=again + timedelta(seconds=30))

        retired = Message.objects.filter(type="keys.retired.v1", finished_at__isnull=True)
        asked = [msgspec.json.decode(decode(bytes(message.value)).data, type=KeyRetired).key_id for message in retired]
        assert signers(bert, to="BNKA")[-1] == third
        assert asked == [second]


class TestARotationThatWasInterrupted:
    def test_goes_on_where_it_was(self, bert: World, relay: Relay) -> None:
        file = this_bank().message_key_file
        assert file is not None
        new = announce()
        vouch(bert, new)
        say(relay, "hello", now=SOON)
        coming = file.with_name(file.name + ".next")
        kept = coming.read_bytes()
        say(relay, "new", now=RESTED)
        coming.write_bytes(kept)  # as if the process had died before the file took its place
        coming.chmod(0o600)

        later = RESTED + timedelta(seconds=20)
        for pause in (0, 6, 12):
            say(relay, "again", now=later + timedelta(seconds=pause))

        assert not coming.exists()
        assert Message.objects.filter(type="keys.retired.v1").count() == 1
        assert signers(bert, to="BNKA")[-1] == new


class TestTheHeadBanksWord:
    def test_is_signed_by_the_key_every_bank_was_given(self, bert: World) -> None:
        key: SigningKey = bert.head.key

        assert selectors.keys(key_ids=[key.key_id])[key.key_id].bank == "HEAD"

    def test_is_nobodys_where_no_key_was_given(self, bert: World) -> None:
        with acting_as(replace(bert.bert.site, head_bank_key="")):
            assert selectors.keys(key_ids=[bert.head.key.key_id]) == {}
