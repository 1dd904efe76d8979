"""Keys: files nobody else can read, signatures that mean one thing, checks before the start."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.test import override_settings

from access.site import acting_as, this_bank
from messaging import services, signing
from messaging.checks import CONSUMER, RELAY, WEB
from messaging.errors import KeyFileUnusable
from messaging.key_rotation import announce_key
from messaging.models import Message, OwnKey
from messaging.signing import Domain
from messaging.tests.banks import NOON, World


class TestAKeyFile:
    def test_is_readable_by_its_owner_only_and_has_its_public_half_beside_it(self, tmp_path: Path) -> None:
        file = tmp_path / "key.pem"

        key = signing.create_key_file(file=file)

        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (tmp_path / "key.pem.pub").read_text().strip() == key.public_key
        assert signing.load_key_file(file=file).public_key == key.public_key
        assert len(key.public_key) == 64
        assert len(key.key_id) == 16

    def test_is_never_overwritten(self, tmp_path: Path) -> None:
        signing.create_key_file(file=tmp_path / "key.pem")

        with pytest.raises(KeyFileUnusable):
            signing.create_key_file(file=tmp_path / "key.pem")

    def test_is_there_whole_or_not_at_all(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file, seen = tmp_path / "key.pem", list[bool]()
        monkeypatch.setattr(os, "fsync", lambda _: seen.append(file.exists()))

        signing.create_key_file(file=file)

        assert seen == [False]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["key.pem", "key.pem.pub"]

    def test_that_others_may_read_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "key.pem"
        signing.create_key_file(file=file)
        file.chmod(0o640)

        with pytest.raises(KeyFileUnusable, match="others"):
            signing.load_key_file(file=file)

    def test_that_is_missing_or_no_key_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "key.pem"
        with pytest.raises(KeyFileUnusable):
            signing.load_key_file(file=file)
        file.touch(mode=0o600)
        with pytest.raises(KeyFileUnusable, match="PEM"):
            signing.load_key_file(file=file)

    def test_becomes_a_key_of_the_bank_once(self, db: None, tmp_path: Path) -> None:
        first = services.ensure_own_key(use="messages", file=tmp_path / "key.pem", now=NOON)
        second = services.ensure_own_key(use="messages", file=tmp_path / "key.pem", now=NOON)

        assert first == second == OwnKey.objects.get().public_key

    def test_that_takes_the_place_of_a_lost_one_asks_for_nothing_that_one_announced(self, bert: World) -> None:
        file = this_bank().message_key_file
        assert file is not None
        services.ensure_own_key(use="messages", file=file, now=NOON)
        announce_key(file=file, now=NOON)
        file.unlink()
        signing.public_file(file).unlink()

        services.ensure_own_key(use="messages", file=file, now=NOON)

        asked = Message.objects.filter(finished_at__isnull=True)
        assert not asked.exists()
        announce_key(file=file, now=NOON)
        announce_key(file=file, now=NOON)
        assert asked.count() == 1


class TestASignature:
    def test_fits_its_value_its_domain_and_its_key_only(self) -> None:
        key, other = signing.generate(), signing.generate()
        signature = key.sign(domain=Domain.MESSAGE, value=b"value")

        def fits(public_key: str, domain: Domain, value: bytes, signature: bytes) -> bool:
            return signing.is_signed(public_key=public_key, domain=domain, value=value, signature=signature)

        assert fits(key.public_key, Domain.MESSAGE, b"value", signature)
        assert not fits(other.public_key, Domain.MESSAGE, b"value", signature)
        assert not fits(key.public_key, Domain.DIRECTORY, b"value", signature)
        assert not fits(key.public_key, Domain.MESSAGE, b"valu\x00", signature)
        assert not fits(key.public_key, Domain.MESSAGE, b"value", b"")


class TestAStart:
    def errors(self, tag: str) -> list[str]:
        return [str(error.id) for error in run_checks(tags=[tag], include_deployment_checks=True)]

    def test_without_keys_is_refused_where_they_are_needed(self, world: World) -> None:
        with acting_as(replace(world.bert.site, message_key_file=None, head_bank_key="")):
            assert self.errors(RELAY) == ["messaging.E001"]
            assert self.errors(WEB) == ["messaging.E002"]
            assert self.errors(CONSUMER) == ["messaging.E004"]

    def test_with_keys_is_fine(self, world: World) -> None:
        with acting_as(replace(world.bert.site, token_key_file=world.bert.site.message_key_file)):
            assert self.errors(RELAY) + self.errors(WEB) + self.errors(CONSUMER) == []

    def test_of_a_relay_names_what_is_wrong_with_its_key(self, world: World) -> None:
        assert world.bert.site.message_key_file is not None
        world.bert.site.message_key_file.chmod(0o644)

        with world.bert.acting(), pytest.raises(SystemCheckError, match="chmod 600"):
            call_command("relay_outbox")

    def test_of_a_consumer_that_would_skip_messages_is_refused(self, world: World) -> None:
        with world.bert.acting(), override_settings(KAFKA_AUTO_OFFSET_RESET="latest"):
            assert self.errors(CONSUMER) == ["messaging.E003"]

    def test_of_anything_else_needs_no_key(self, world: World) -> None:
        with acting_as(replace(world.bert.site, message_key_file=None, head_bank_key="")):
            assert not [error for error in run_checks() if str(error.id).startswith("messaging")]


class TestTheKeyCommands:
    def test_make_a_key_and_show_its_public_half(self, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with acting_as(replace(world.bert.site, message_key_file=tmp_path / "new.pem")):
            call_command("create_key", use="messages")
            call_command("show_key", use="messages")

        made, shown = capsys.readouterr().out.split()
        assert made == shown == (tmp_path / "new.pem.pub").read_text().strip()

    def test_say_what_is_missing(self, world: World) -> None:
        with world.bert.acting():
            with pytest.raises(CommandError, match="No file"):
                call_command("create_key", use="tokens")
            with pytest.raises(CommandError, match="create_key"):
                call_command("show_key", use="tokens")
