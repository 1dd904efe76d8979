"""The head bank among banks at work: who joins, whose keys change, who is suspended or loses a key, and what liars get."""

from collections.abc import Iterator
from hashlib import sha256
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from access.models import User
from accounts import iban
from accounts.money import Money
from banksite.demo.banks import banks_of
from headbank import services
from headbank.models import BankKey
from messaging import directory, envelope, signing
from messaging.events import DIRECTORY_TOPIC, KEY_ANNOUNCED, KeyAnnounced
from messaging.models import DeadLetter, Peer, PeerKey
from messaging.selectors import directory_version, own_public_key
from messaging.signing import KEY_ID, SIGNATURE, Domain
from tests.system.bank import CONSUMER, RELAY, Bank, until
from tests.system.servers import FragilePostgres
from tests.system.town import Stranger, Town, Traffic, both_ways, checking_accounts, pay, status_of, teller
from transfers import errors
from transfers import services as paying
from transfers.orders import Payment

pytestmark = pytest.mark.kafka
FIRST, SECOND = "supervisor", "deputy"


@pytest.fixture
def carl(town: Town, folder: Path, postgres: FragilePostgres) -> Iterator[Bank]:
    """Open a third bank that nobody knows, with its own database and keys."""
    *_, demo_bank = banks_of(folder=folder, first_port=0)
    demo_bank.folder.mkdir()
    postgres.copy("empty", to="bnkc")
    bank = Bank(bank=demo_bank, head=town.head.bank, database_url=postgres.create_database("bnkc"), broker=town.anna.broker)
    with bank.inside():
        call_command("open_bank", stderr=StringIO())
        call_command("seed_demo", stdout=StringIO(), stderr=StringIO())
    yield bank
    bank.end_all()


class TestABankThatJoins:
    def test_pays_and_is_paid_while_no_other_bank_is_started_again(self, town: Town, carl: Bank, tmp_path: Path) -> None:
        for bank in town.banks:
            look_through(bank)  # what earlier tests left there
        forged = {digest for bank in town.banks for digest in forgeries(bank)}  # whoever reads the register from its beginning meets them
        with Traffic(*both_ways(town)) as traffic:
            apply(carl, town.head, file=tmp_path / "application.json")
            carl.begin(RELAY)
            carl.begin(CONSUMER)
            until(lambda: all(knows(bank, "BNKC") for bank in (town.anna, town.bert, carl)), what="everybody knows the third bank")
            (there,), (back,) = pay(town.anna, [payment(town.anna, carl)]), pay(carl, [payment(carl, town.bert)])
            until(lambda: status_of(town.anna, there) == status_of(carl, back) == "completed", what="its first payments end")
            traffic.goes_on()
        town.come_to_rest()
        with town.head.inside():
            services.suspend_bank(code="BNKC", by=person(FIRST), reason="this was a visit", now=timezone.now())

        assert [letter for bank in town.banks for letter in dead_letters(bank)] == []
        assert dead_letters(carl) == ["directory-refused"] * len(forged)
        assert forgeries(carl) == forged


class TestKeys:
    def test_are_rotated_while_payments_flow(self, town: Town) -> None:
        bank = town.anna
        old = key_id_of(bank)
        with Traffic(*both_ways(town)) as traffic:
            with bank.inside():
                call_command("rotate_key", use="messages", stdout=StringIO())
            until(lambda: key_id_of(bank) != old, what="the new key is used")
            traffic.goes_on()
            until(lambda: is_revoked(town.bert, old), what="the old key is ended")
            traffic.goes_on()
        town.come_to_rest()

        assert town.differences() == []
        assert bank.key.key_id == key_id_of(bank)

    def test_that_are_revoked_decide_nothing_more_and_a_new_one_goes_on_where_they_stopped(self, town: Town) -> None:
        bank = town.anna
        (before,) = pay(bank, [payment(bank, town.bert)])
        until(lambda: status_of(bank, before) == "completed", what="a payment ends")
        lost = key_id_of(bank)
        with town.head.inside():
            services.revoke_key(key_id=lost, by=person(FIRST), reason="lost on a train", now=timezone.now())
        until(lambda: is_revoked(town.bert, lost), what="the other bank knows")
        (after,) = pay(bank, [payment(bank, town.bert)])
        until(lambda: "key-revoked" in dead_letters(town.bert), what="the other bank believes it no more")
        undecided = status_of(bank, after)

        replace_key(bank, town.head)
        until(lambda: status_of(bank, after) == "completed", what="the payment goes on under the new key")
        town.come_to_rest()
        look_through(town.bert)

        assert (undecided, status_of(bank, before)) == ("pending", "completed")
        assert town.differences() == []


class TestASuspension:
    def test_stops_what_is_new_both_ways_within_seconds_while_what_is_under_way_ends(self, town: Town) -> None:
        town.anna.stop(CONSUMER)
        (under_way,) = pay(town.anna, [payment(town.anna, town.bert)])
        with town.head.inside():
            services.suspend_bank(code=town.anna.code, by=person(FIRST), reason="under review", now=timezone.now())
        until(lambda: standing(town.bert, town.anna.code) == "suspended", what="the other bank knows")

        with town.bert.inside():
            (refused,) = paying.submit(orders=[payment(town.bert, town.anna)], by=teller(), now=timezone.now())
        (new,) = pay(town.anna, [payment(town.anna, town.bert)])
        town.anna.begin(CONSUMER)
        until(lambda: status_of(town.anna, new) == "rejected", what="what is new comes back")
        until(lambda: status_of(town.anna, under_way) in {"completed", "rejected"}, what="what was under way ends")
        ask_both(town.head, services.REACTIVATE, town.anna.code)
        until(lambda: standing(town.bert, town.anna.code) == "active", what="the other bank knows again")
        (again,) = pay(town.bert, [payment(town.bert, town.anna)])
        until(lambda: status_of(town.bert, again) == "completed", what="payments flow again")
        town.come_to_rest()

        assert refused == errors.BankSuspended(bank=town.anna.code)
        assert town.differences() == []


class TestAHeadBankThatIsGone:
    def test_stops_nobody_not_even_a_bank_that_is_started_again(self, town: Town) -> None:
        for job in (RELAY, CONSUMER):
            town.head.kill(job)
        with town.head.inside():
            before = directory_version()
        with Traffic(*both_ways(town)) as traffic:
            town.bert.kill(CONSUMER)
            town.bert.begin(CONSUMER)
            traffic.goes_on()
        town.come_to_rest()
        with town.head.inside():
            services.suspend_bank(code=town.anna.code, by=person(FIRST), reason="under review", now=timezone.now())
        meanwhile = version_of(town.bert)
        town.go_to_work()
        until(lambda: standing(town.bert, town.anna.code) == "suspended", what="it is back and heard")
        ask_both(town.head, services.REACTIVATE, town.anna.code)
        until(lambda: standing(town.bert, town.anna.code) == "active", what="all is as it was")

        assert meanwhile == before
        assert town.differences() == []


class TestALiar:
    def test_who_announces_another_banks_key_changes_nothing_and_is_named(self, town: Town, stranger: Stranger) -> None:
        liar, victim = town.anna, town.bert
        said = KeyAnnounced(public_key=victim.key.public_key, proof=liar.key.sign(domain=Domain.KEY, value=liar.code.encode()).hex())
        value = envelope.encode(
            id=uuid4(),
            source=liar.code,
            destination="HEAD",
            type=KEY_ANNOUNCED,
            time=timezone.now(),
            data=said,
        )
        stranger.write((value, liar.key.headers(domain=Domain.MESSAGE, value=value)), topic=town.head.letter_box)

        until(lambda: bool(dead_letters(town.head)), what="the head bank keeps the lie")
        with town.head.inside():
            owners = set(BankKey.objects.filter(public_key=victim.key.public_key).values_list("bank", flat=True))
        details = letter_details(town.head)
        look_through(town.head)

        assert owners == {victim.code}
        assert all(liar.code in detail for detail in details)

    def test_who_plays_back_an_older_directory_changes_nothing(self, town: Town, stranger: Stranger) -> None:
        with town.head.inside():
            old, known = directory.current(), directory_version()
            assert old is not None
            ask_both_inside(services.SET_CAP, town.anna.code, currency="EUR", cap_minor=10**12)
        until(lambda: all(version_of(bank) > known for bank in town.banks), what="both banks have the newer one")
        newer = [version_of(bank) for bank in town.banks]
        mark = b"a mark behind it"
        played_back = (old.value, ((SIGNATURE, old.signature), (KEY_ID, old.key_id.encode())))
        stranger.write(played_back, (mark, signing.generate().headers(domain=Domain.DIRECTORY, value=mark)), topic=DIRECTORY_TOPIC)

        until(lambda: all(len(dead_letters(bank)) == 2 for bank in town.banks), what="both banks read past it")
        details = [letter_details(bank) for bank in town.banks]
        for bank in town.banks:
            bank.kill(CONSUMER)
            look_through(bank)
        town.go_to_work()
        until(lambda: all(has_read_again(bank, mark) for bank in town.banks), what="both read the register from its beginning")

        assert [version_of(bank) for bank in town.banks] == newer
        assert all(f"version {known} came after version {version}" in named for version, (named, _) in zip(newer, details, strict=True))
        assert [dead_letters(bank) for bank in town.banks] == [[], []]


def apply(bank: Bank, head: Bank, *, file: Path) -> None:
    """Let a bank apply with a code the head bank's staff gave it, and two persons approve."""
    with head.inside():
        one_time_code = services.invite_bank(code=bank.code, by=person(FIRST), now=timezone.now())
    with bank.inside():
        call_command("apply_to_head_bank", one_time_code=one_time_code, contact="Gail", out=file, stderr=StringIO())
    with head.inside():
        call_command("receive_application", file, stdout=StringIO())
    ask_both(head, services.APPROVE, bank.code)


def ask_both(head: Bank, action: str, code: str) -> None:
    """Let one person at the head bank ask for something and another agree."""
    with head.inside():
        ask_both_inside(action, code)


def ask_both_inside(action: str, code: str, **facts: object) -> None:
    approval = services.ask(action=action, code=code, facts=facts, by=person(FIRST), reason="agreed", now=timezone.now())
    services.approve_request(approval_id=approval, by=person(SECOND), now=timezone.now())


def replace_key(bank: Bank, head: Bank) -> None:
    """Do what operators do when a key is lost: make another, have it added by two persons, start the relay again."""
    bank.stop(RELAY)
    file = bank.bank.message_key
    file.unlink()
    bank.bank.public_key.unlink()
    with bank.inside():
        call_command("create_key", use="messages", stdout=StringIO())
    with head.inside():
        ask_both_inside(services.ADD_KEY, bank.code, public_key=bank.key.public_key)
    bank.begin(RELAY)


def payment(origin: Bank, destination: Bank) -> Payment:
    payer = checking_accounts(origin)[0]
    payee = iban.make("NL", destination.code, 1) if destination.code == "BNKC" else checking_accounts(destination)[0].number
    return Payment(debtor=payer.number, creditor=payee, creditor_name="Somebody", amount=Money(1_234, "EUR"))


def person(username: str) -> User:
    return User.objects.get(username=username)


def knows(bank: Bank, code: str) -> bool:
    with bank.inside():
        return Peer.objects.filter(code=code, status="active").exists()


def standing(bank: Bank, code: str) -> str:
    with bank.inside():
        return str(Peer.objects.values_list("status", flat=True).get(code=code))


def key_id_of(bank: Bank) -> str:
    with bank.inside():
        return signing.key_id_of(public_key=own_public_key(use="messages") or "")


def is_revoked(bank: Bank, key_id: str) -> bool:
    with bank.inside():
        return PeerKey.objects.filter(key_id=key_id, revoked=True).exists()


def version_of(bank: Bank) -> int:
    with bank.inside():
        return directory_version()


def dead_letters(bank: Bank) -> list[str]:
    with bank.inside():
        return list(DeadLetter.objects.filter(status="open").order_by("id").values_list("reason", flat=True))


def letter_details(bank: Bank) -> list[str]:
    with bank.inside():
        return list(DeadLetter.objects.filter(status="open").order_by("id").values_list("detail", flat=True))


def forgeries(bank: Bank) -> set[bytes]:
    """Return the digests of what the bank refused to take for the register."""
    with bank.inside():
        return {bytes(digest) for digest in DeadLetter.objects.filter(topic=DIRECTORY_TOPIC).values_list("digest", flat=True)}


def has_read_again(bank: Bank, value: bytes) -> bool:
    with bank.inside():
        return DeadLetter.objects.filter(topic=DIRECTORY_TOPIC, digest=sha256(value).digest(), count=2).exists()


def look_through(bank: Bank) -> None:
    """Discard the dead letters that a test has looked at."""
    with bank.inside():
        DeadLetter.objects.filter(status="open").update(status="discarded")
