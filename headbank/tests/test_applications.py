"""How a bank comes into the register: invited, by its own signed word, and approved by two persons."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from access.errors import ApprovalOutdated, NotAllowed, OwnApproval
from access.models import User
from access.site import Site, acting_as
from access.tests.people import NOON, employ
from headbank import services
from headbank.errors import ApplicationRefused, BankExists, BankInvalid, BankStatusWrong, InvitationUnknown, KeyTaken
from headbank.models import Bank, BankKey, Invitation
from messaging import documents, signing
from messaging.applying import write_application
from messaging.documents import Document
from messaging.errors import ApplicationInvalid
from messaging.models import Peer
from messaging.signing import Domain


@pytest.fixture
def gamma(tmp_path: Path) -> Site:
    """A bank that nobody knows yet."""
    file = tmp_path / "gamma.pem"
    signing.create_key_file(file=file)
    return Site(role="bank", code="GAMA", name="Gamma Bank", country="NL", currencies=("EUR",), message_key_file=file)


def application(bank: Site, one_time_code: str, *, contact: str = "Gail, +31 20 555 0100", site_url: str = "") -> Document:
    assert bank.message_key_file
    with acting_as(bank):
        return write_application(
            one_time_code=one_time_code, contact=contact, site_url=site_url, api_url="", key_file=bank.message_key_file, now=NOON
        )


def invite(by: User, code: str = "GAMA") -> str:
    return services.invite_bank(code=code, by=by, now=NOON)


def approve(first: User, second: User) -> None:
    approval = services.ask(action=services.APPROVE, code="GAMA", facts={}, by=first, reason="papers seen", now=NOON)
    services.approve_request(approval_id=approval, by=second, now=NOON)


class TestAnApplication:
    def test_waits_for_two_persons_and_is_told_to_nobody(self, rita: User, gamma: Site) -> None:
        services.receive_application(document=application(gamma, invite(rita)), now=NOON)
        services.register_bank(code="ALFA", name="Alpha", public_key=signing.generate().public_key, partitions=4, by=rita, now=NOON)

        bank = Bank.objects.get(code="GAMA")
        assert (bank.name, bank.contact, bank.status) == ("Gamma Bank", "Gail, +31 20 555 0100", "applied")
        assert [peer.code for peer in Peer.objects.all()] == ["ALFA"]

    def test_makes_a_bank_of_the_directory_once_approved(self, rita: User, otto: User, gamma: Site) -> None:
        services.receive_application(document=application(gamma, invite(rita)), now=NOON)

        approve(rita, otto)

        assert Bank.objects.get().status == "active"
        assert [(peer.code, peer.keys.get().public_key) for peer in Peer.objects.all()] == [("GAMA", _public(gamma))]

    def test_is_not_approved_by_one_person_alone(self, rita: User, gamma: Site) -> None:
        services.receive_application(document=application(gamma, invite(rita)), now=NOON)

        with pytest.raises(OwnApproval):
            approve(rita, rita)

        assert not Peer.objects.exists()

    def test_is_the_same_when_it_comes_again(self, rita: User, gamma: Site) -> None:
        document = application(gamma, invite(rita))
        services.receive_application(document=document, now=NOON)

        assert services.receive_application(document=document, now=NOON) == "GAMA"
        assert BankKey.objects.count() == 1

    def test_may_be_replaced_before_it_is_approved_with_a_new_code(self, rita: User, otto: User, gamma: Site) -> None:
        services.receive_application(document=application(gamma, invite(rita)), now=NOON)
        approval = services.ask(action=services.APPROVE, code="GAMA", facts={}, by=rita, reason="papers seen", now=NOON)

        services.receive_application(document=application(gamma, invite(rita), contact="Somebody else"), now=NOON)

        assert Bank.objects.get().contact == "Somebody else"
        with pytest.raises(ApprovalOutdated):
            services.approve_request(approval_id=approval, by=otto, now=NOON)

    def test_does_not_change_a_bank_of_the_directory(self, rita: User, otto: User, gamma: Site) -> None:
        first, second = invite(rita), invite(rita)
        services.receive_application(document=application(gamma, first), now=NOON)
        approve(rita, otto)

        with pytest.raises(BankExists):
            services.receive_application(document=application(gamma, second), now=NOON)

    def test_does_not_take_another_banks_key(self, rita: User, gamma: Site) -> None:
        services.register_bank(code="ALFA", name="Alpha", public_key=_public(gamma), partitions=4, by=rita, now=NOON)

        with pytest.raises(KeyTaken):
            services.receive_application(document=application(gamma, invite(rita)), now=NOON)

        assert Bank.objects.count() == 1

    def test_is_none_of_a_suspended_bank(self, rita: User, gamma: Site) -> None:
        services.receive_application(document=application(gamma, invite(rita)), now=NOON)

        with pytest.raises(BankStatusWrong):
            services.suspend_bank(code="GAMA", by=rita, reason="?", now=NOON)

    def test_says_what_cannot_be_sent(self, gamma: Site) -> None:
        with pytest.raises(ApplicationInvalid, match="site_url"):
            application(gamma, "x" * 32, site_url="javascript:alert(1)")


class TestAnApplicationThatCannotBeBelieved:
    def test_has_a_code_nobody_gave(self, rita: User, gamma: Site) -> None:
        invite(rita)

        with refused(InvitationUnknown):
            services.receive_application(document=application(gamma, "guessed-guessed-guessed"), now=NOON)

    def test_has_a_code_that_was_given_to_another_bank(self, rita: User, gamma: Site) -> None:
        with refused(InvitationUnknown):
            services.receive_application(document=application(gamma, invite(rita, "BETA")), now=NOON)

    def test_has_a_code_that_is_over(self, rita: User, gamma: Site) -> None:
        document = application(gamma, invite(rita))

        with refused(InvitationUnknown):
            services.receive_application(document=document, now=NOON + timedelta(days=8))

    def test_has_a_code_that_was_used(self, rita: User, gamma: Site, tmp_path: Path) -> None:
        one_time_code = invite(rita)
        services.receive_application(document=application(gamma, one_time_code), now=NOON)
        signing.create_key_file(file=tmp_path / "thief.pem")

        with refused(InvitationUnknown, left=1):
            services.receive_application(
                document=application(replace(gamma, message_key_file=tmp_path / "thief.pem"), one_time_code), now=NOON
            )
        assert BankKey.objects.get().public_key == _public(gamma)

    def test_was_altered(self, rita: User, gamma: Site) -> None:
        document = application(gamma, invite(rita))

        with refused(ApplicationRefused):
            services.receive_application(document=replace(document, value=document.value.replace(b"Gail", b"Gale")), now=NOON)

    def test_was_signed_by_another_key_than_it_names(self, rita: User, gamma: Site) -> None:
        value = application(gamma, invite(rita)).value
        forged = documents.sign(value=value, key=signing.generate(), domain=Domain.APPLICATION)

        with refused(ApplicationRefused):
            services.receive_application(document=forged, now=NOON)

    def test_was_meant_for_another_head_bank(self, rita: User, gamma: Site) -> None:
        with refused(ApplicationRefused):
            services.receive_application(document=application(replace(gamma, head_bank_code="HEDX"), invite(rita)), now=NOON)

    def test_is_not_json(self, db: None) -> None:
        with refused(ApplicationRefused):
            services.receive_application(document=Document(value=b"\x00{", signature=b"", key_id=""), now=NOON)


class TestAnInvitation:
    @pytest.mark.parametrize("code", ["gama", "GAMMA", "", "HEAD"])
    def test_is_for_a_code_that_a_bank_can_have(self, rita: User, code: str) -> None:
        with pytest.raises(BankInvalid):
            invite(rita, code)

        assert not Invitation.objects.exists()

    def test_keeps_nothing_from_which_the_code_could_be_known(self, rita: User) -> None:
        one_time_code = invite(rita)

        assert one_time_code not in str(Invitation.objects.values().get())

    def test_is_for_those_who_may(self, db: None) -> None:
        with pytest.raises(NotAllowed):
            invite(employ("tom"))


class TestTheCommands:
    def test_lead_from_an_invitation_to_a_bank_that_others_know(
        self, rita: User, otto: User, gamma: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("invite_bank", "GAMA", username="rita")
        one_time_code = capsys.readouterr().out.strip()
        with acting_as(gamma):
            call_command("apply_to_head_bank", one_time_code=one_time_code, contact="Gail", out=tmp_path / "application.json")

        call_command("receive_application", tmp_path / "application.json")
        for person in ("rita", "otto"):
            call_command("change_bank", "GAMA", "approve", reason="papers seen", username=person)

        assert capsys.readouterr().out.splitlines() == ["GAMA", "asked: a second person must give the same command", "done"]
        assert Peer.objects.get().status == "active"


@contextmanager
def refused(kind: type[Exception], *, left: int = 0) -> Iterator[None]:
    """Demand that what is done here is refused and leaves no more than so many banks."""
    with pytest.raises(kind):
        yield
    assert Bank.objects.count() == left


def _public(bank: Site) -> str:
    assert bank.message_key_file
    return signing.load_key_file(file=bank.message_key_file).public_key
