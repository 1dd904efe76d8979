"""What the ledger is asked to do, what it finds, and what it answers."""

from collections.abc import Hashable
from datetime import datetime
from uuid import UUID

import msgspec

from access.errors import DomainError
from accounts.money import Money


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Money from the account `debit` to the account `credit` (numbers), booked under (transfer_id, leg).

    `releases_hold` captures a hold on the debited account: at most its amount is taken and the rest is free again.
    `fallback_credit` takes the money when the credited account cannot. Steps of one `group` are adjacent and stand or fall together.
    What `spends` uses up the allowance of the client who orders, if there is one in this currency.
    """

    transfer_id: UUID
    leg: str
    debit: str
    credit: str
    amount: Money
    group: Hashable | None = None
    releases_hold: UUID | None = None
    fallback_credit: str | None = None
    spends: bool = False


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Set an amount on a customer's account aside under a new id; what `spends` uses up the client's allowance, as a Move does."""

    hold_id: UUID
    account: str
    amount: Money
    purpose: str = ""
    expires_at: datetime | None = None
    group: Hashable | None = None
    spends: bool = False


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """Free what a hold set aside; `expired` says that its time had come."""

    hold_id: UUID
    expired: bool = False
    group: Hashable | None = None


Step = Move | Hold | Release


class Posted(msgspec.Struct, frozen=True):
    """The step was done; `fell_back` says that the fall-back account took the money."""

    fell_back: bool = False


Outcome = Posted | DomainError


class AccountState(msgspec.Struct, frozen=True):
    """An account as it was read, under its lock unless it is striped; a striped account's balances are in its stripes and read as 0."""

    id: int
    number: str
    kind: str
    currency: str
    status: str
    striped: bool
    balance: int
    held: int
    floor: int | None
    ceiling: int | None
    last_seq: int
    holder_name: str
    customer_id: UUID | None
    stripe_id: int | None = None
    first_end: datetime | None = None  # of the placed holds on it, the first that ends by itself


class HoldState(msgspec.Struct, frozen=True):
    """A hold as it was read under its lock; `account` is the number of the account it is on."""

    id: UUID
    account: str
    amount_minor: int
    status: str
    expires_at: datetime | None


class Allowance(msgspec.Struct, frozen=True):
    """What a client may order in one currency until `ends_at`, and what it has ordered, as it was read under its lock."""

    id: int
    limit_minor: int
    spent_minor: int
    ends_at: datetime
