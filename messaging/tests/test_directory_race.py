"""Two processes of a bank learn of two versions of the directory at once."""

import threading

import pytest
from django.db import transaction

from access.tests.people import at_once, until_somebody_waits
from messaging import directory, selectors
from messaging.directory import Outcome
from messaging.tests.banks import NOON, World

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=["known", "unknown"])
def before(request: pytest.FixtureRequest, world: World) -> None:
    """Let the bank know version 1, or nothing at all."""
    if request.param == "known":
        with world.bert.acting():
            directory.take(document=world.document(), now=NOON)


@pytest.mark.usefixtures("before")
class TestTheOlderVersion:
    def test_never_overwrites_the_newer(self, world: World) -> None:
        older = world.document(version=2)
        newer = world.document(version=3, banks=[world.anna.entry(status="suspended", revoked=True), world.bert.entry()])
        taken = threading.Event()

        def take_newer() -> Outcome:
            with world.bert.acting(), transaction.atomic():
                outcome = directory.take(document=newer, now=NOON).outcome
                taken.set()
                until_somebody_waits()
                return outcome

        def take_older() -> Outcome:
            taken.wait(timeout=10)
            with world.bert.acting():
                return directory.take(document=older, now=NOON).outcome

        outcomes = at_once([take_newer, take_older])

        assert outcomes == [Outcome.TAKEN, Outcome.OLDER]
        assert selectors.peers(codes=["BNKA"])["BNKA"].status == "suspended"
        assert selectors.keys(key_ids=[world.anna.key.key_id])[world.anna.key.key_id].revoked
