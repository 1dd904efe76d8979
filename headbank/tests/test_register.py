"""The register: who is in it, whose keys count, and what the world is told."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from django.core.management import CommandError, call_command

from access.errors import NotAllowed, ReasonMissing
from access.models import AuditEvent, User
from access.services import open_access
from access.site import Site, acting_as, this_bank
from access.tests.people import NOON, employ
from headbank import services
from headbank.errors import BankClosed, BankExists, BankInvalid, BankUnknown, KeyTaken, KeyUnknown, NothingToPublish, NotTheHeadBank
from headbank.models import Bank, BankKey
from messaging import directory, envelope, events, signing
from messaging.models import Directory, Peer, PeerKey

ALPHA_KEY, BETA_KEY, SPARE_KEY = (signing.generate() for _ in range(3))


@pytest.fixture(autouse=True)
def head_bank(tmp_path: Path) -> Iterator[Site]:
    site = Site(role="headbank", code="HEAD", name="Head Bank", country="NL", currencies=("EUR",), message_key_file=tmp_path / "head.pem")
    with acting_as(site):
        yield site


@pytest.fixture
def rita(db: None) -> User:
    return employ("rita", "headbank.manage_banks", "headbank.publish_directory")


def _register(rita: User, code: str = "ALFA", key: signing.SigningKey = ALPHA_KEY, *, name: str = "Alpha Bank") -> bool:
    return services.register_bank(code=code, name=name, public_key=key.public_key, partitions=4, by=rita, now=NOON)


def _inside(published: services.Published) -> events.DirectoryPublished:
    return msgspec.json.decode(envelope.decode(published.document.value).data, type=events.DirectoryPublished)


def _told(published: services.Published) -> dict[str, events.Bank]:
    return {bank.code: bank for bank in _inside(published).banks}


class TestRegisterBank:
    def test_adds_the_bank_with_its_letter_box_and_its_key(self, rita: User) -> None:
        assert _register(rita)

        bank = Bank.objects.get()
        assert (bank.code, bank.topic, bank.status) == ("ALFA", "external-transfers.ALFA", "active")
        assert BankKey.objects.get().key_id == ALPHA_KEY.key_id
        assert AuditEvent.objects.get().action == "bank.registered"

    def test_changes_nothing_the_second_time(self, rita: User) -> None:
        _register(rita)

        assert not _register(rita)

        assert Bank.objects.count() == 1
        assert AuditEvent.objects.count() == 1

    def test_refuses_a_code_that_is_somebody_elses(self, rita: User) -> None:
        _register(rita)

        with pytest.raises(BankExists):
            _register(rita, key=BETA_KEY)

    def test_refuses_a_key_that_is_somebody_elses(self, rita: User) -> None:
        _register(rita)

        with pytest.raises(KeyTaken):
            _register(rita, "BETA")

        assert Bank.objects.count() == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            {"code": "alfa"},
            {"code": "ALFA\n"},
            {"code": "HEAD"},
            {"name": ""},
            {"name": "Alpha\n"},
            {"name": "x" * 71},
            {"public_key": "beef"},
            {"public_key": "ab" * 32 + "\n"},
            {"partitions": 0},
        ],
        ids=str,
    )
    def test_refuses_what_the_directory_cannot_carry(self, rita: User, wrong: dict[str, str]) -> None:
        right = {"code": "ALFA", "name": "Alpha Bank", "public_key": ALPHA_KEY.public_key, "partitions": 4}

        with pytest.raises(BankInvalid):
            services.register_bank(**{**right, **wrong}, by=rita, now=NOON)  # type: ignore[arg-type]

    def test_is_for_those_who_may(self, db: None) -> None:
        with pytest.raises(NotAllowed):
            _register(employ("tom"))

    def test_is_for_the_head_bank(self, rita: User) -> None:
        with acting_as(replace(this_bank(), role="bank")), pytest.raises(NotTheHeadBank):
            _register(rita)


class TestABanksStanding:
    def test_is_suspended_and_restored_with_a_reason(self, rita: User) -> None:
        _register(rita)

        services.suspend_bank(code="ALFA", by=rita, reason="under review", now=NOON)
        suspended = Bank.objects.get().status
        services.reactivate_bank(code="ALFA", by=rita, reason="reviewed", now=NOON)

        assert (suspended, Bank.objects.get().status) == ("suspended", "active")
        assert [event.reason for event in AuditEvent.objects.order_by("id")] == ["", "under review", "reviewed"]

    def test_does_not_change_without_a_reason(self, rita: User) -> None:
        _register(rita)

        with pytest.raises(ReasonMissing):
            services.suspend_bank(code="ALFA", by=rita, reason=" ", now=NOON)

        assert Bank.objects.get().status == "active"

    def test_ends_for_good_with_its_keys_when_closed(self, rita: User) -> None:
        _register(rita)

        services.close_bank(code="ALFA", by=rita, reason="merged", now=NOON)

        assert BankKey.objects.get().revoked_at == NOON
        with pytest.raises(BankClosed):
            services.reactivate_bank(code="ALFA", by=rita, reason="regret", now=NOON)
        with pytest.raises(BankClosed):
            services.add_bank_key(code="ALFA", public_key=SPARE_KEY.public_key, by=rita, now=NOON)

    def test_is_none_for_a_bank_nobody_registered(self, rita: User) -> None:
        with pytest.raises(BankUnknown):
            services.suspend_bank(code="NONE", by=rita, reason="?", now=NOON)


class TestABanksKeys:
    def test_stand_beside_each_other_until_one_is_revoked(self, rita: User) -> None:
        _register(rita)
        services.add_bank_key(code="ALFA", public_key=SPARE_KEY.public_key, by=rita, now=NOON)

        services.revoke_key(key_id=ALPHA_KEY.key_id, by=rita, reason="rotated", now=NOON)

        (bank,) = _told(services.publish_directory(key=signing.generate(), by=rita, now=NOON)).values()
        assert {key.id: key.revoked for key in bank.keys} == {ALPHA_KEY.key_id: True, SPARE_KEY.key_id: False}

    def test_do_not_come_back(self, rita: User) -> None:
        _register(rita)
        services.revoke_key(key_id=ALPHA_KEY.key_id, by=rita, reason="lost", now=NOON)

        with pytest.raises(KeyTaken):
            services.add_bank_key(code="ALFA", public_key=ALPHA_KEY.public_key, by=rita, now=NOON)

    def test_are_known_before_they_are_revoked(self, rita: User) -> None:
        with pytest.raises(KeyUnknown):
            services.revoke_key(key_id="0" * 16, by=rita, reason="lost", now=NOON)


class TestPublishDirectory:
    def test_is_believed_by_a_bank_that_was_given_the_head_banks_key(self, rita: User) -> None:
        head_key = signing.generate()
        _register(rita)
        published = services.publish_directory(key=head_key, by=rita, now=NOON)
        Directory.objects.all().delete()  # from here on this database is Beta's

        with acting_as(replace(this_bank(), role="bank", code="BETA", head_bank_key=head_key.public_key)):
            outcome = directory.take(document=published.document, now=NOON)

        assert outcome is directory.Outcome.TAKEN
        assert Peer.objects.get().code == "ALFA"
        assert PeerKey.objects.get().key_id == ALPHA_KEY.key_id

    def test_raises_the_version_with_every_change_and_only_then(self, rita: User) -> None:
        head_key = signing.generate()
        _register(rita)

        first = services.publish_directory(key=head_key, by=rita, now=NOON)
        same = services.publish_directory(key=head_key, by=rita, now=NOON)
        services.suspend_bank(code="ALFA", by=rita, reason="under review", now=NOON)
        changed = services.publish_directory(key=head_key, by=rita, now=NOON)

        assert [(each.version, each.is_new) for each in (first, same, changed)] == [(1, True), (1, False), (2, True)]
        assert [_inside(each).version for each in (first, same, changed)] == [1, 1, 2]
        assert same.document == first.document
        assert _told(changed)["ALFA"].status == "suspended"

    def test_signs_anew_under_a_new_key(self, rita: User) -> None:
        _register(rita)
        services.publish_directory(key=signing.generate(), by=rita, now=NOON)

        again = services.publish_directory(key=signing.generate(), by=rita, now=NOON)

        assert (again.version, again.is_new) == (2, True)

    def test_has_something_to_say(self, rita: User) -> None:
        with pytest.raises(NothingToPublish):
            services.publish_directory(key=signing.generate(), by=rita, now=NOON)


@pytest.mark.django_db
class TestTheCommands:
    def test_register_publish_and_write_a_file_that_banks_read(
        self, tmp_path: Path, head_bank: Site, capsys: pytest.CaptureFixture[str]
    ) -> None:
        open_access()
        assert head_bank.message_key_file
        head_key = signing.create_key_file(file=head_bank.message_key_file)
        (tmp_path / "alpha.pub").write_text(ALPHA_KEY.public_key + "\n")
        call_command("register_bank", code="ALFA", name="Alpha Bank", key=tmp_path / "alpha.pub", partitions=4)

        call_command("publish_directory", out=tmp_path / "directory.json")

        document = directory.unpack((tmp_path / "directory.json").read_bytes())
        assert document.key_id == head_key.key_id
        assert capsys.readouterr().out == "1\n"

    def test_say_in_one_line_what_is_wrong(self, tmp_path: Path) -> None:
        open_access()

        with pytest.raises(CommandError, match="no such bank"):
            call_command("change_bank", "NONE", "suspend", reason="?")

    def test_add_and_revoke_keys_and_change_a_banks_standing(self, tmp_path: Path) -> None:
        open_access()
        (tmp_path / "alpha.pub").write_text(ALPHA_KEY.public_key)
        (tmp_path / "spare.pub").write_text(SPARE_KEY.public_key)
        call_command("register_bank", code="ALFA", name="Alpha Bank", key=tmp_path / "alpha.pub", partitions=4)

        call_command("add_bank_key", "ALFA", key=tmp_path / "spare.pub")
        call_command("revoke_key", ALPHA_KEY.key_id, reason="rotated")
        call_command("change_bank", "ALFA", "suspend", reason="under review")

        assert Bank.objects.get().status == "suspended"
        assert list(BankKey.objects.filter(revoked_at__isnull=True).values_list("key_id", flat=True)) == [SPARE_KEY.key_id]
