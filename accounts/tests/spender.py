"""Spending the same account's money again and again, alone and in batches: what many threads and processes do at once."""

from datetime import UTC, datetime

from django.db import transaction

from access.retry import retrying
from accounts import ledger
from accounts.tests.people import move

BATCH = 4


def spend(*, rounds: int, debit: str, credit: str) -> int:
    """Move one euro, then a batch of them, `rounds` times; return how many of the euros were posted."""
    outcomes = [outcome for turn in range(rounds) for outcome in _spend_once(size=BATCH if turn % 2 else 1, debit=debit, credit=credit)]
    return sum(isinstance(outcome, ledger.Posted) for outcome in outcomes)


def _spend_once(*, size: int, debit: str, credit: str) -> list[ledger.Outcome]:
    def work() -> list[ledger.Outcome]:
        with transaction.atomic():
            steps = [move(debit, credit, "1.00") for _ in range(size)]
            return ledger.post(steps=steps, booked_at=datetime.now(tz=UTC))

    return retrying(work, attempts=20)
