"""Keys that banks announce and end themselves: what counts, and what changes nothing and is kept with the name of who said it."""

from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from django.core.management import call_command
from uuid_utils.compat import uuid7

from access.models import User
from access.tests.people import NOON
from headbank import services
from headbank.models import BankKey
from headbank.services.keys import MOST_A_DAY, MOST_KEYS
from messaging import envelope, signing
from messaging.broker import Record
from messaging.envelope import Received
from messaging.events import KEY_ANNOUNCED, KEY_RETIRED, KeyAnnounced, KeyRetired
from messaging.models import DeadLetter, PeerKey
from messaging.selectors import directory_version
from messaging.signing import Domain, SigningKey

T = TypeVar("T", KeyAnnounced, KeyRetired)
ALPHA_KEY, BETA_KEY, NEW_KEY, LAST_KEY = (signing.generate() for _ in range(4))


@pytest.fixture(autouse=True)
def banks(rita: User) -> None:
    for code, key in (("ALFA", ALPHA_KEY), ("BETA", BETA_KEY)):
        services.register_bank(code=code, name=f"Bank {code}", public_key=key.public_key, partitions=4, by=rita, now=NOON)


def announced(key: SigningKey, *, by: str = "ALFA", signer: SigningKey = ALPHA_KEY, proof_for: str = "") -> Received[KeyAnnounced]:
    proof = key.sign(domain=Domain.KEY, value=(proof_for or by).encode()).hex()
    return _received(KeyAnnounced(public_key=key.public_key, proof=proof), KEY_ANNOUNCED, by=by, signer=signer)


def retired(key: SigningKey, *, by: str = "ALFA", signer: SigningKey = NEW_KEY) -> Received[KeyRetired]:
    return _received(KeyRetired(key_id=key.key_id), KEY_RETIRED, by=by, signer=signer)


def _received(data: T, type_: str, *, by: str, signer: SigningKey) -> Received[T]:
    id_ = uuid7()
    value = envelope.encode(id=id_, source=by, destination="HEAD", type=type_, time=NOON, data=data)
    record = Record(
        topic="external-transfers.HEAD", partition=0, offset=0, value=value, headers=signer.headers(domain=Domain.MESSAGE, value=value)
    )
    return Received(id=id_, source=by, destination="HEAD", type=type_, time=NOON, data=data, record=record)


def in_force(code: str) -> set[str]:
    return set(PeerKey.objects.filter(peer=code, revoked=False).values_list("key_id", flat=True))


def rotated(key: SigningKey, *, now: datetime) -> SigningKey:
    """Let Alpha go over from this key to another, which is returned."""
    following = signing.generate()
    services.receive_keys(received=[announced(following, signer=key)], now=now)
    services.receive_retirements(received=[retired(key, signer=following)], now=now)
    return following


def add(key: SigningKey, *persons: User) -> None:
    """Let two persons add a key of Alpha."""
    for person in persons:
        facts = {"public_key": key.public_key}
        services.ask_or_approve(action=services.ADD_KEY, code="ALFA", facts=facts, by=person, reason="handed over", now=NOON)


class TestAKeyThatABankAnnounces:
    def test_speaks_for_it_beside_the_one_it_has_and_is_told_to_all(self) -> None:
        before = directory_version()

        services.receive_keys(received=[announced(NEW_KEY)], now=NOON)

        assert in_force("ALFA") == {ALPHA_KEY.key_id, NEW_KEY.key_id}
        assert BankKey.objects.get(key_id=NEW_KEY.key_id).announced_by == ALPHA_KEY.key_id
        assert directory_version() == before + 1

    def test_changes_nothing_the_second_time(self) -> None:
        services.receive_keys(received=[announced(NEW_KEY)], now=NOON)
        before = directory_version()

        services.receive_keys(received=[announced(NEW_KEY)], now=NOON)

        assert directory_version() == before
        assert not DeadLetter.objects.exists()

    def test_is_not_another_banks(self) -> None:
        services.receive_keys(received=[announced(BETA_KEY)], now=NOON)

        assert in_force("ALFA") == {ALPHA_KEY.key_id}
        letter = DeadLetter.objects.get()
        assert (letter.reason, "ALFA" in letter.detail) == ("key-taken", True)

    def test_is_one_whose_private_half_the_bank_has(self) -> None:
        services.receive_keys(received=[announced(NEW_KEY, proof_for="BETA")], now=NOON)

        assert in_force("ALFA") == {ALPHA_KEY.key_id}
        letter = DeadLetter.objects.get()
        assert (letter.reason, "ALFA" in letter.detail) == ("key-not-theirs", True)

    def test_is_not_one_that_was_revoked(self, rita: User) -> None:
        services.receive_keys(received=[announced(NEW_KEY)], now=NOON)
        services.revoke_key(key_id=NEW_KEY.key_id, by=rita, reason="lost", now=NOON)

        services.receive_keys(received=[announced(NEW_KEY)], now=NOON)

        assert in_force("ALFA") == {ALPHA_KEY.key_id}

    def test_is_not_announced_under_one_that_was_revoked_meanwhile(self, rita: User, otto: User) -> None:
        verified = announced(NEW_KEY)
        add(LAST_KEY, rita, otto)
        services.revoke_key(key_id=ALPHA_KEY.key_id, by=rita, reason="stolen", now=NOON)

        services.receive_keys(received=[verified], now=NOON)

        assert in_force("ALFA") == {LAST_KEY.key_id}
        assert DeadLetter.objects.get().reason == "key-revoked"

    def test_is_not_a_suspended_banks(self, rita: User) -> None:
        services.suspend_bank(code="ALFA", by=rita, reason="under review", now=NOON)

        services.receive_keys(received=[announced(NEW_KEY)], now=NOON)

        assert in_force("ALFA") == {ALPHA_KEY.key_id}
        assert DeadLetter.objects.get().reason == "bank-status-wrong"

    def test_is_not_one_of_too_many(self) -> None:
        services.receive_keys(received=[announced(signing.generate()) for _ in range(MOST_KEYS)], now=NOON)

        assert len(in_force("ALFA")) == MOST_KEYS
        assert DeadLetter.objects.get().reason == "too-many-keys"

    def test_is_not_one_of_too_many_in_a_day(self) -> None:
        current = ALPHA_KEY
        for _ in range(MOST_A_DAY):
            current = rotated(current, now=NOON)

        services.receive_keys(received=[announced(NEW_KEY, signer=current)], now=NOON + timedelta(hours=23))
        refused = DeadLetter.objects.get().reason
        services.receive_keys(received=[announced(NEW_KEY, signer=current)], now=NOON + timedelta(hours=24))

        assert refused == "too-many-keys"
        assert in_force("ALFA") == {current.key_id, NEW_KEY.key_id}

    def test_never_keeps_two_persons_from_adding_one(self, rita: User, otto: User) -> None:
        current = ALPHA_KEY
        for _ in range(MOST_A_DAY):
            current = rotated(current, now=NOON)

        add(NEW_KEY, rita, otto)

        assert in_force("ALFA") == {current.key_id, NEW_KEY.key_id}


class TestAKeyThatABankEnds:
    def test_speaks_for_it_no_more(self) -> None:
        services.receive_keys(received=[announced(NEW_KEY)], now=NOON)

        services.receive_retirements(received=[retired(ALPHA_KEY), retired(ALPHA_KEY)], now=NOON)

        assert in_force("ALFA") == {NEW_KEY.key_id}
        assert not DeadLetter.objects.exists()

    def test_is_not_its_last(self) -> None:
        services.receive_retirements(received=[retired(ALPHA_KEY, signer=ALPHA_KEY)], now=NOON)

        assert in_force("ALFA") == {ALPHA_KEY.key_id}
        assert DeadLetter.objects.get().reason == "key-last"

    def test_is_not_another_banks(self) -> None:
        services.receive_retirements(received=[retired(BETA_KEY, signer=ALPHA_KEY)], now=NOON)

        assert in_force("BETA") == {BETA_KEY.key_id}
        letter = DeadLetter.objects.get()
        assert (letter.reason, "ALFA" in letter.detail) == ("key-unknown", True)


class TestAKeyThatIsRevoked:
    def test_takes_with_it_every_key_that_came_from_it(self, rita: User) -> None:
        services.receive_keys(received=[announced(NEW_KEY)], now=NOON)
        services.receive_keys(received=[announced(LAST_KEY, signer=NEW_KEY)], now=NOON)
        services.receive_retirements(received=[retired(NEW_KEY, signer=LAST_KEY)], now=NOON)

        ended = services.revoke_key(key_id=ALPHA_KEY.key_id, by=rita, reason="stolen", now=NOON)

        assert ended.with_it == [LAST_KEY.key_id]
        assert in_force("ALFA") == set()
        assert in_force("BETA") == {BETA_KEY.key_id}

    def test_takes_them_with_it_although_the_bank_had_replaced_it(self, rita: User) -> None:
        rotated(ALPHA_KEY, now=NOON)

        services.revoke_key(key_id=ALPHA_KEY.key_id, by=rita, reason="was stolen before", now=NOON)

        assert in_force("ALFA") == set()

    def test_leaves_the_one_it_came_from_and_those_that_two_persons_added(self, rita: User, otto: User) -> None:
        services.receive_keys(received=[announced(NEW_KEY)], now=NOON)
        add(LAST_KEY, rita, otto)

        services.revoke_key(key_id=NEW_KEY.key_id, by=rita, reason="stolen", now=NOON)

        assert in_force("ALFA") == {ALPHA_KEY.key_id, LAST_KEY.key_id}

    def test_names_those_that_go_with_it_before_and_after(self, rita: User, capsys: pytest.CaptureFixture[str]) -> None:
        services.receive_keys(received=[announced(NEW_KEY)], now=NOON)
        said = {"reason": "stolen", "username": rita.username}

        call_command("revoke_key", ALPHA_KEY.key_id, **said, dry_run=True)
        before = in_force("ALFA")
        call_command("revoke_key", ALPHA_KEY.key_id, **said)

        named = f"with it: {NEW_KEY.key_id}"
        assert capsys.readouterr().out.splitlines() == [named, "nothing was changed", named, "done"]
        assert (before, in_force("ALFA")) == ({ALPHA_KEY.key_id, NEW_KEY.key_id}, set())
