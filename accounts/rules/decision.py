"""What a decision writes, named as the columns are."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from accounts.rules.steps import Outcome


class PostingRow(NamedTuple):
    """A posting to write, named as its columns are."""

    transfer_id: UUID
    leg: str
    debit_account_id: int
    credit_account_id: int
    amount_minor: int
    currency: str
    debit_seq: int | None
    debit_balance_after: int | None
    credit_seq: int | None
    credit_balance_after: int | None


class HoldRow(NamedTuple):
    """A hold to write, named as its columns are."""

    id: UUID
    account_id: int
    amount_minor: int
    purpose: str
    expires_at: datetime | None
    status: str
    captured_minor: int
    ended_at: datetime | None


class Decision(NamedTuple):
    """What became of the steps, one outcome each, and the rows to write.

    `accounts` are (id, balance, held, last seq), `stripes` (id, credits, debits to add), `ended` holds (id, status, captured, ended_at),
    `spent` (id, amount to add).
    """

    outcomes: list[Outcome]
    postings: list[PostingRow]
    accounts: list[tuple[int, int, int, int]]
    stripes: list[tuple[int, int, int]]
    placed: list[HoldRow]
    ended: list[tuple[UUID, str, int, datetime]]
    spent: list[tuple[int, int]]
