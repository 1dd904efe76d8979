"""What happens around the counter in these tests: a neighbour bank and what it answers, and where pictures go."""

import os
from pathlib import Path

from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import iban
from accounts.models import Account
from messaging.models import Peer
from tests.browser.looking import flaws
from transfers.models import Transfer
from transfers.tests.people import answer, decision

ZOE = iban.make("NL", "BNKB", 1)


def open_neighbour() -> None:
    """Let the directory know Bank B."""
    Peer.objects.create(code="BNKB", name="Bank B", topic="external-transfers.BNKB", partitions=4, status="active")


def account_of(name: str) -> str:
    """Return the checking account of a sample customer."""
    return Account.objects.get(holder_name=name, kind="checking", currency="EUR").number


def balance_of(number: str) -> int:
    return Account.objects.get(number=number).balance_minor


def neighbour_says(outcome: str, reason: str = "") -> None:
    """Let Bank B answer the only transfer that is on its way."""
    now = timezone.now()
    answer(decision(Transfer.objects.get(status="pending"), outcome, reason, decided_at=now), now=now)


def is_well_made(page: Page, name: str) -> None:
    """Demand that people can use the page; keep its picture where PICTURES says."""
    assert flaws(page) == "", name
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def open_till(page: Page, *, counted: str = "500") -> None:
    page.goto("/till/open")
    page.get_by_label("Counted float").fill(counted)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your till for EUR is open.")).to_be_visible()
