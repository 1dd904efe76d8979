"""The register: who is in it, whose keys count, and what the world is told."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from access import approvals
from access.errors import ApprovalNotWaiting, ApprovalOutdated, NotAllowed, OwnApproval, ReasonMissing
from access.models import Approval, AuditEvent, User
from access.services import open_access
from access.site import Site, acting_as, this_bank
from access.tests.people import NOON, employ
from accounts.selectors.cover import cover_of
from headbank import services
from headbank.errors import (
    BankClosed,
    BankExists,
    BankInvalid,
    BankUnknown,
    CapInvalid,
    KeyTaken,
    KeyUnknown,
    NothingToPublish,
    NotTheHeadBank,
)
from headbank.models import Bank, BankKey
from messaging import directory, envelope, events, signing
from messaging.models import Directory, Peer, PeerKey
from messaging.selectors import directory_version

ALPHA_KEY, BETA_KEY, SPARE_KEY = (signing.generate() for _ in range(3))


def _register(rita: User, code: str = "ALFA", key: signing.SigningKey = ALPHA_KEY, *, name: str = "Alpha Bank") -> bool:
    return services.register_bank(code=code, name=name, public_key=key.public_key, partitions=4, by=rita, now=NOON)


def _both(action: str, first: User, second: User, **facts: Any) -> None:
    """Let one person ask and another agree."""
    approval = services.ask(action=action, code="ALFA", facts=facts, by=first, reason="agreed in the meeting", now=NOON)
    services.approve_request(approval_id=approval, by=second, now=NOON)


def _cap(cap_minor: int) -> dict[str, Any]:
    return {"action": services.SET_CAP, "code": "ALFA", "facts": {"currency": "EUR", "cap_minor": cap_minor}}


def _inside(value: bytes | memoryview) -> events.DirectoryPublished:
    return msgspec.json.decode(envelope.decode(bytes(value)).data, type=events.DirectoryPublished)


def _told(value: bytes | memoryview) -> dict[str, events.Bank]:
    return {bank.code: bank for bank in _inside(value).banks}


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
    def test_is_suspended_by_one_person_and_restored_by_two(self, rita: User, otto: User) -> None:
        _register(rita)

        services.suspend_bank(code="ALFA", by=rita, reason="under review", now=NOON)
        suspended = Bank.objects.get().status
        asked = services.ask_or_approve(action=services.REACTIVATE, code="ALFA", facts={}, by=rita, reason="reviewed", now=NOON)
        between = Bank.objects.get().status
        done = services.ask_or_approve(action=services.REACTIVATE, code="ALFA", facts={}, by=otto, reason="so it was", now=NOON)

        assert (suspended, asked, between) == ("suspended", False, "suspended")
        assert (done, Bank.objects.get().status) == (True, "active")
        assert AuditEvent.objects.get(action="bank.active").reason == "reviewed"

    def test_is_not_restored_by_what_was_asked_about_an_earlier_suspension(self, rita: User, otto: User) -> None:
        _register(rita)
        services.suspend_bank(code="ALFA", by=rita, reason="under review", now=NOON)
        agreed, left = (
            services.ask(action=services.REACTIVATE, code="ALFA", facts={}, by=person, reason="reviewed", now=NOON)
            for person in (rita, otto)
        )
        services.approve_request(approval_id=agreed, by=otto, now=NOON)
        services.suspend_bank(code="ALFA", by=otto, reason="fraud", now=NOON)

        with pytest.raises(ApprovalNotWaiting):
            services.approve_request(approval_id=left, by=rita, now=NOON)

        assert Bank.objects.get().status == "suspended"

    def test_does_not_change_without_a_reason(self, rita: User) -> None:
        _register(rita)

        with pytest.raises(ReasonMissing):
            services.suspend_bank(code="ALFA", by=rita, reason=" ", now=NOON)

        assert Bank.objects.get().status == "active"

    def test_does_not_change_by_one_person_who_says_it_twice(self, rita: User) -> None:
        _register(rita)
        services.ask_or_approve(action=services.CLOSE, code="ALFA", facts={}, by=rita, reason="merged", now=NOON)

        with pytest.raises(OwnApproval):
            services.ask_or_approve(action=services.CLOSE, code="ALFA", facts={}, by=rita, reason="merged", now=NOON)

        assert Bank.objects.get().status == "active"

    def test_ends_for_good_with_its_keys_when_closed(self, rita: User, otto: User) -> None:
        _register(rita)

        _both(services.CLOSE, rita, otto)

        assert BankKey.objects.get().revoked_at == NOON
        with pytest.raises(BankClosed):
            services.ask(action=services.REACTIVATE, code="ALFA", facts={}, by=rita, reason="regret", now=NOON)
        with pytest.raises(BankClosed):
            services.ask(action=services.ADD_KEY, code="ALFA", facts={"public_key": SPARE_KEY.public_key}, by=rita, reason="?", now=NOON)

    def test_is_none_for_a_bank_nobody_registered(self, rita: User) -> None:
        with pytest.raises(BankUnknown):
            services.suspend_bank(code="NONE", by=rita, reason="?", now=NOON)

    def test_is_told_to_all_banks_by_the_change_itself(self, rita: User) -> None:
        _register(rita)
        before = directory_version()

        services.suspend_bank(code="ALFA", by=rita, reason="under review", now=NOON)

        assert directory_version() == before + 1
        assert _told(Directory.objects.get(version=before + 1).value)["ALFA"].status == "suspended"


class TestTheNumberOfPartitions:
    def test_is_set_by_two_persons_and_told_to_all_banks(self, rita: User, otto: User) -> None:
        _register(rita)

        _both(services.SET_PARTITIONS, rita, otto, partitions=8)

        assert Bank.objects.get().partitions == 8
        assert _told(Directory.objects.latest("version").value)["ALFA"].partitions == 8

    @pytest.mark.parametrize("wrong", [0, -1, 5_000_000])
    def test_is_one_that_the_directory_can_carry(self, rita: User, wrong: int) -> None:
        _register(rita)

        with pytest.raises(BankInvalid):
            services.ask(action=services.SET_PARTITIONS, code="ALFA", facts={"partitions": wrong}, by=rita, reason="?", now=NOON)

        assert not Approval.objects.exists()


class TestADebitCap:
    def test_is_set_by_two_persons_and_told_to_all_banks(self, rita: User, otto: User) -> None:
        _register(rita)

        _both(services.SET_CAP, rita, otto, currency="EUR", cap_minor=500_000)

        assert Bank.objects.get().debit_caps == {"EUR": 500_000}
        assert _told(Directory.objects.latest("version").value)["ALFA"].debit_caps == {"EUR": 500_000}

    def test_is_the_one_the_first_person_asked_for(self, rita: User, otto: User) -> None:
        _register(rita)
        services.ask_or_approve(**_cap(500_000), by=rita, reason="new customers", now=NOON)

        done = services.ask_or_approve(**_cap(900_000), by=otto, reason="new customers", now=NOON)

        assert (done, Bank.objects.get().debit_caps) == (False, {})

    @pytest.mark.parametrize(("action", "name"), [(services.SET_CAP, "cap_minor"), (services.SET_COVER, "cover_minor")])
    def test_and_a_cover_that_changed_meanwhile_are_not_set_by_an_older_question(
        self, rita: User, otto: User, action: str, name: str
    ) -> None:
        _register(rita)
        facts = {"currency": "EUR", name: 10_000_000}
        older = services.ask(action=action, code="ALFA", facts=facts, by=rita, reason="new customers", now=NOON)
        _both(action, rita, otto, **facts | {name: 1_000_000})

        with pytest.raises(ApprovalOutdated):
            services.approve_request(approval_id=older, by=otto, now=NOON)

        assert (Bank.objects.get().debit_caps == {"EUR": 1_000_000}) is (action == services.SET_CAP)
        assert cover_of(numbers=["SETTLEMENT.ALFA.EUR"]) == ({"SETTLEMENT.ALFA.EUR": 1_000_000} if action == services.SET_COVER else {})

    def test_is_not_the_first_by_a_question_that_does_not_say_so(self, rita: User, otto: User) -> None:
        _register(rita)
        with transaction.atomic():
            facts = {"currency": "EUR", "cap_minor": 500_000}
            older = approvals.ask(action=services.SET_CAP, subject="bank:ALFA", facts=facts, reason="", by=rita, now=NOON)

        with pytest.raises(ApprovalOutdated):
            services.approve_request(approval_id=older, by=otto, now=NOON)

    def test_is_taken_away_again(self, rita: User, otto: User) -> None:
        _register(rita)
        _both(services.SET_CAP, rita, otto, currency="EUR", cap_minor=500_000)

        _both(services.SET_CAP, rita, otto, currency="EUR", cap_minor=None)

        assert Bank.objects.get().debit_caps == {}

    @pytest.mark.parametrize("wrong", [{"currency": "euro", "cap_minor": 1}, {"currency": "EUR", "cap_minor": -1}], ids=str)
    def test_is_one_the_directory_can_carry(self, rita: User, wrong: dict[str, Any]) -> None:
        _register(rita)

        with pytest.raises(CapInvalid):
            services.ask(action=services.SET_CAP, code="ALFA", facts=wrong, by=rita, reason="?", now=NOON)


class TestABanksKeys:
    def test_stand_beside_each_other_until_one_is_revoked(self, rita: User, otto: User) -> None:
        _register(rita)
        _both(services.ADD_KEY, rita, otto, public_key=SPARE_KEY.public_key)

        services.revoke_key(key_id=ALPHA_KEY.key_id, by=rita, reason="rotated", now=NOON)

        (bank,) = _told(Directory.objects.latest("version").value).values()
        assert {key.id: key.revoked for key in bank.keys} == {ALPHA_KEY.key_id: True, SPARE_KEY.key_id: False}

    def test_do_not_come_back(self, rita: User, otto: User) -> None:
        _register(rita)
        services.revoke_key(key_id=ALPHA_KEY.key_id, by=rita, reason="lost", now=NOON)

        with pytest.raises(KeyTaken):
            _both(services.ADD_KEY, rita, otto, public_key=ALPHA_KEY.public_key)

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
            outcome = directory.take(document=published.document, now=NOON).outcome

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

        version = first.version
        assert [(each.version, each.is_new) for each in (first, same, changed)] == [(version, True), (version, False), (version + 1, True)]
        assert [_inside(each.document.value).version for each in (first, same, changed)] == [version, version, version + 1]
        assert same.document == first.document
        assert _told(changed.document.value)["ALFA"].status == "suspended"

    def test_is_newer_than_what_banks_hold_although_the_database_went_back(self, rita: User) -> None:
        _register(rita)
        services.suspend_bank(code="ALFA", by=rita, reason="under review", now=NOON + timedelta(hours=1))
        held = directory_version()
        Directory.objects.get(version=held).delete()
        Bank.objects.update(status="active")

        services.suspend_bank(code="ALFA", by=rita, reason="under review", now=NOON + timedelta(hours=2))

        assert directory_version() > held

    def test_signs_the_same_version_anew_under_a_new_key(self, rita: User) -> None:
        _register(rita)
        first = services.publish_directory(key=signing.generate(), by=rita, now=NOON)
        new_key = signing.generate()

        again = services.publish_directory(key=new_key, by=rita, now=NOON)

        assert (again.version, again.is_new, again.document.key_id) == (first.version, True, new_key.key_id)
        assert again.document.value == first.document.value

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
        assert capsys.readouterr().out == f"{directory_version()}\n"

    def test_say_in_one_line_what_is_wrong(self, tmp_path: Path, rita: User) -> None:
        open_access()

        with pytest.raises(CommandError, match="no such bank"):
            call_command("change_bank", "NONE", "suspend", reason="?", username=rita.username)

    def test_add_and_revoke_keys_and_change_a_banks_standing(
        self, tmp_path: Path, rita: User, otto: User, capsys: pytest.CaptureFixture[str]
    ) -> None:
        open_access()
        (tmp_path / "alpha.pub").write_text(ALPHA_KEY.public_key)
        (tmp_path / "spare.pub").write_text(SPARE_KEY.public_key)
        call_command("register_bank", code="ALFA", name="Alpha Bank", key=tmp_path / "alpha.pub", partitions=4)

        for person in (rita, otto):
            said = {"reason": "as agreed", "username": person.username}
            call_command("add_bank_key", "ALFA", key=tmp_path / "spare.pub", **said)
            call_command("set_debit_cap", "ALFA", "EUR", "1000000", **said)
        call_command("revoke_key", ALPHA_KEY.key_id, reason="rotated", username="rita")
        call_command("change_bank", "ALFA", "suspend", reason="under review", username="rita")

        asked = "asked: a second person must give the same command"
        assert capsys.readouterr().out.splitlines() == [asked, asked, "done", "done", "done", "done"]
        assert (Bank.objects.get().status, Bank.objects.get().debit_caps) == ("suspended", {"EUR": 1_000_000})
        assert list(BankKey.objects.filter(revoked_at__isnull=True).values_list("key_id", flat=True)) == [SPARE_KEY.key_id]
