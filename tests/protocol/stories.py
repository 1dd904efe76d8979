"""Who the stories of the protocol are about, and what can happen to them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from accounts.money import Money
from messaging import letter_box
from tests.protocol.banks import POOR, RICH, account
from tests.protocol.examiner import findings
from tests.protocol.mishaps import Crash
from tests.protocol.world import World
from transfers import events
from transfers.orders import Accepted, Payment

ANNA, BERT, BEA = account("BNKA", RICH), account("BNKB", RICH), account("BNKB", POOR)
MINOR = 100_000  # what Anna and Bert have in the morning
FEE = 25


def at_rest(world: World) -> list[str]:
    return findings({code: bank.database.raw for code, bank in world.banks.items()})


class Loose(dict[str, Any]):
    """What another bank's program could put into a message."""


class DiesAt:
    """Ends the process at the n-th step of a kind."""

    def __init__(self, step: str, which: int) -> None:
        self._step, self._left = step, which

    def __call__(self, step: str) -> None:
        self._left -= step == self._step
        if self._left == 0:
            raise Crash(step)


def dies_after_commit(step: str) -> None:
    if step == "after commit":
        raise Crash(step)


def lose_letters(world: World, code: str) -> None:
    for log in world.broker._logs[letter_box.topic_of(code=code)]:
        log.clear()


def refused(world: World, creditor: str, *, currency: str = "EUR", minor: int = 100, debtor: str = ANNA) -> str:
    outcome = world.submit(Payment(debtor=debtor, creditor=creditor, creditor_name="X", amount=Money(minor, currency)))[0]
    assert not isinstance(outcome, Accepted), outcome
    return outcome.code


def approval(world: World) -> UUID:
    return UUID(world.rows("BNKA", "SELECT id FROM access_approval WHERE status = 'waiting'")[0][0])


def order(world: World, **change: Any) -> dict[str, Any]:
    """Return an order of Bert for Anna as JSON values."""
    fields = {
        "id": UUID(int=1),
        "amount_minor": 1_000,
        "currency": "EUR",
        "creditor_iban": ANNA,
        "creditor_name": "Anna",
        "debtor_iban": BERT,
        "debtor_name": "Bert",
        "expires_at": world.now + timedelta(hours=1),
        "reference": "rent",
    }
    return fields | change


def rejection(world: World, transfer: UUID, **change: Any) -> events.Decision:
    """Return what BNKB could say against a transfer of ten euros to Bert."""
    said: dict[str, Any] = {"id": transfer, "amount_minor": 1_000, "currency": "EUR", "creditor_iban": BERT}
    return events.Decision(**(said | change), outcome="rejected", decided_at=world.now, reason="AC01")
