"""The directory: whom this bank comes to trust, and by whose word."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from msgspec import structs

from access.site import acting_as
from messaging import directory, documents, selectors, signing
from messaging.consumer import Consumer
from messaging.directory import Outcome
from messaging.errors import DirectoryRefused
from messaging.events import BankKey
from messaging.models import DeadLetter, Directory
from messaging.tests.banks import NOON, Host, World, read_all


@pytest.fixture
def bert(world: World) -> World:
    return world


@pytest.fixture(autouse=True)
def _acting(world: World) -> object:
    with world.bert.acting():
        yield


class TestADirectory:
    def test_names_the_banks_and_their_keys(self, world: World) -> None:
        outcome = directory.take(document=world.document(), now=NOON).outcome

        anna = selectors.peer(code="BNKA")
        assert outcome is Outcome.TAKEN
        assert anna is not None
        assert (anna.topic, anna.partitions, anna.status) == ("external-transfers.BNKA", 4, "active")
        assert selectors.keys(key_ids=[world.anna.key.key_id])[world.anna.key.key_id].bank == "BNKA"
        assert [peer.code for peer in selectors.all_peers()] == ["BNKA", "BNKB"]

    def test_the_same_again_changes_nothing(self, world: World) -> None:
        document = world.document()
        directory.take(document=document, now=NOON)

        assert directory.take(document=document, now=NOON).outcome is Outcome.KNOWN
        assert Directory.objects.count() == 1

    def test_of_an_older_version_changes_nothing(self, world: World) -> None:
        directory.take(document=world.document(version=2, banks=[world.anna.entry(status="suspended")]), now=NOON)

        assert directory.take(document=world.document(version=1), now=NOON).outcome is Outcome.OLDER
        assert selectors.peers(codes=["BNKA"])["BNKA"].status == "suspended"

    def test_of_the_same_version_with_other_content_is_refused(self, world: World) -> None:
        directory.take(document=world.document(), now=NOON)

        with pytest.raises(DirectoryRefused, match="other content"):
            directory.take(document=world.document(banks=[world.anna.entry(status="closed")]), now=NOON)

    def test_that_leaves_a_bank_out_removes_none(self, world: World) -> None:
        directory.take(document=world.document(), now=NOON)

        directory.take(document=world.document(version=2, banks=[world.bert.entry()]), now=NOON)

        assert selectors.peer(code="BNKA") is not None

    def test_revokes_keys(self, world: World) -> None:
        directory.take(document=world.document(), now=NOON)

        directory.take(document=world.document(version=2, banks=[world.anna.entry(revoked=True)]), now=NOON)

        assert selectors.keys(key_ids=[world.anna.key.key_id])[world.anna.key.key_id].revoked

    def test_signed_by_another_bank_is_refused(self, world: World) -> None:
        forged = directory.sign(value=world.document().value, key=world.anna.key)

        with pytest.raises(DirectoryRefused, match="not the head bank's"):
            directory.take(document=forged, now=NOON)

    def test_signed_by_another_bank_in_the_head_banks_name_is_refused(self, world: World) -> None:
        forged = directory.sign(value=world.document().value, key=world.anna.key)

        with pytest.raises(DirectoryRefused, match="does not fit"):
            directory.take(document=replace(forged, key_id=world.head.key.key_id), now=NOON)

    def test_altered_is_refused(self, world: World) -> None:
        document = world.document()

        with pytest.raises(DirectoryRefused):
            directory.take(document=replace(document, value=document.value.replace(b"active", b"closed")), now=NOON)

    def test_signed_as_a_message_is_refused(self, world: World) -> None:
        value = world.document().value
        signature = world.head.key.sign(domain=signing.Domain.MESSAGE, value=value)

        with pytest.raises(DirectoryRefused):
            directory.take(document=documents.Document(value=value, signature=signature, key_id=world.head.key.key_id), now=NOON)

    def test_that_moves_a_key_to_another_bank_is_refused_whole(self, world: World) -> None:
        directory.take(document=world.document(), now=NOON)
        stolen = BankKey(id=world.anna.key.key_id, public_key=world.anna.key.public_key)
        bert = world.bert.entry()
        moved = type(bert)(code=bert.code, name="Renamed", topic=bert.topic, partitions=4, status="active", keys=(stolen,))

        with pytest.raises(DirectoryRefused, match="another bank"):
            directory.take(document=world.document(version=2, banks=[moved]), now=NOON)
        assert selectors.peers(codes=["BNKB"])["BNKB"].name == "Bank B"
        assert selectors.directory_version() == 1

    def test_with_one_key_twice_is_never_written(self, world: World) -> None:
        with pytest.raises(DirectoryRefused, match="twice"):
            world.document(banks=[world.anna.entry(), world.anna.entry()])

    def test_larger_than_a_broker_takes_is_never_written(self, world: World) -> None:
        keys = tuple(BankKey(id=f"{number:016x}", public_key=f"{number:064x}") for number in range(10_000))

        with pytest.raises(DirectoryRefused, match="can be published"):
            world.document(banks=[structs.replace(world.anna.entry(), keys=keys)])

    def test_of_a_bank_without_the_head_banks_key_is_refused(self, world: World) -> None:
        document = world.document()
        with acting_as(replace(world.bert.site, head_bank_key="")), pytest.raises(DirectoryRefused, match="no head bank's key"):
            directory.take(document=document, now=NOON)


class TestADirectoryAsAFile:
    def test_is_the_same_document(self, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "directory.json"
        file.write_bytes(documents.pack(world.document()))

        call_command("import_directory", str(file))

        assert capsys.readouterr().out == "taken\n"
        assert selectors.directory_version() == 1

    @pytest.mark.parametrize("content", [b"", b"{}", b'{"key_id":"x","signature":"zz","value":"!"}', b"\xff"])
    def test_that_is_none_is_refused_with_words(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "directory.json"
        file.write_bytes(content)

        with pytest.raises(CommandError, match="not the file of a directory"):
            call_command("import_directory", str(file))


class TestAForgedRegister:
    def test_is_kept_as_a_dead_letter_and_the_true_one_counts(self, world: World, host: Host) -> None:
        world.publish_directory(directory.sign(value=world.document(version=9).value, key=world.anna.key))
        world.publish_directory()

        read_all(Consumer(broker=world.broker, handlers=host.handlers), turns=2)

        assert selectors.directory_version() == 1
        assert DeadLetter.objects.get().reason == "directory-refused"


class TestARegisterOfManyVersions:
    @pytest.fixture
    def history(self, world: World) -> list[documents.Document]:
        """Publish three versions of the register."""
        versions = [world.document(version=version) for version in (1, 2, 3)]
        for document in versions:
            world.publish_directory(document)
        return versions

    def test_is_read_again_from_its_beginning_without_a_dead_letter(
        self, world: World, host: Host, history: list[documents.Document]
    ) -> None:
        world.publish_directory(history[-1])  # as the head bank does every minute
        for _ in range(2):  # the second is a bank started again, or another consumer of it
            read_all(Consumer(broker=world.broker, handlers=host.handlers), turns=2)

        assert selectors.directory_version() == 3
        assert DeadLetter.objects.count() == 0

    def test_names_a_version_that_is_played_back_behind_a_newer_one_and_goes_on(
        self, world: World, host: Host, history: list[documents.Document]
    ) -> None:
        world.publish_directory(history[1])

        read_all(Consumer(broker=world.broker, handlers=host.handlers), turns=2)

        letter = DeadLetter.objects.get()
        assert selectors.directory_version() == 3
        assert (letter.reason, letter.offset) == ("directory-refused", 3)
        assert "version 2 came after version 3" in letter.detail
