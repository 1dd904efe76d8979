"""A message that could not count, tried again by two persons in a browser: it takes the consumer's own way and credits once."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer
from uuid_utils.compat import uuid7

from accounts import iban
from accounts.models import Account
from messaging import dead_letters, envelope, redriving, signing
from messaging.broker import Record
from messaging.models import DeadLetter, PeerKey
from tests.browser.desk import Desk
from tests.desk.bank import HERE, customer_account, furnish
from transfers.events import REQUESTED, Order, TransfersRequested
from transfers.handlers import HANDLERS
from transfers.models import Transfer

AMOUNT = 4_200


@pytest.fixture
def desk(transactional_db: None, live_server: LiveServer, page: Page) -> Iterator[Desk]:
    furnish()
    desk = Desk(page, live_server)
    yield desk
    assert desk.trouble() == []


def letter_for(number: str) -> tuple[Record, signing.SigningKey]:
    """Return a request of Bank B that credits the account, as it was read, and the key it is signed with."""
    key, now = signing.generate(), timezone.now()
    order = Order(
        id=uuid4(),
        amount_minor=AMOUNT,
        currency="EUR",
        creditor_iban=number,
        creditor_name="Maria Jansen",
        debtor_iban=iban.make("NL", "BNKB", 7),
        debtor_name="Jonas Lindqvist",
        expires_at=now + timedelta(days=1),
        reference="rent",
        end_to_end_id="E2E-1",
    )
    data = TransfersRequested(transfers=(order,))
    value = envelope.encode(id=uuid7(), source="BNKB", destination="BNKA", type=REQUESTED, time=now, data=data)
    headers = tuple(key.headers(domain=signing.Domain.MESSAGE, value=value))
    return Record(topic=HERE, partition=0, offset=70, value=value, headers=headers), key


def arrive(record: Record, reason: str) -> DeadLetter:
    """Let the record come, which cannot count, and return how it is kept."""
    with transaction.atomic():
        dead_letters.bury(record=record, reason=reason, detail="seen by the consumer", now=timezone.now())
    return DeadLetter.objects.order_by("-last_at", "-id")[0]


def try_again(desk: Desk, letter: DeadLetter) -> int:
    """Let two persons want it, and the consumer take its turn; return how many letters it let through."""
    for name, told in (("supervisor", "A second person must do the same."), ("deputy", "The consumer tries it again at its next turn.")):
        desk.sign_in(name).open(f"/admin/messaging/deadletter/{letter.pk}/change/")
        desk.do("Try again", reason="the key is known now", submit="Ask, or grant what was asked")
        expect(desk.page.get_by_text(told)).to_be_visible()
    return redriving.redrive(handlers=HANDLERS, now=timezone.now())


@pytest.mark.browser
class TestALetterThatIsTriedAgain:
    def test_is_credited_once_however_often(self, desk: Desk) -> None:
        account = customer_account()
        record, key = letter_for(account.number)
        letter = arrive(record, "key-unknown")
        PeerKey.objects.create(key_id=key.key_id, peer_id="BNKB", public_key=key.public_key)

        assert try_again(desk, letter) == 1
        assert redriving.redrive(handlers=HANDLERS, now=timezone.now()) == 0
        assert try_again(desk, arrive(record, "handler-failed")) == 1

        assert Account.objects.get(pk=account.pk).balance_minor == account.balance_minor + AMOUNT
        assert Transfer.objects.filter(kind="incoming", origin_bank="BNKB", status="credited").count() == 1
        desk.open(f"/admin/messaging/deadletter/{letter.pk}/change/")
        expect(desk.page.get_by_text("asked by supervisor (the key is known now)").first).to_be_visible()
        expect(desk.page.locator("pre").first).to_contain_text(account.number)
