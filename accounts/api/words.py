"""What the bodies and queries of these endpoints are made of, and how an account is shown."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from access.rest import Page
from access.rest.pages import Cursor, Limit
from accounts.amounts import Balance
from accounts.selectors import AccountRow
from accounts.selectors.moments import Moment

Number = Annotated[str, Meta(max_length=34, description="The account's IBAN.", examples=["NL31BNKA0000000001"])]
Currency = Annotated[str, Meta(max_length=3, description="ISO 4217.", examples=["EUR"])]


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of a list."""

    cursor: Cursor | None = None
    limit: Limit = 50


class AccountShown(msgspec.Struct, frozen=True, kw_only=True):
    """An account and what it holds; `available` may leave it, null where nothing limits that."""

    number: Number
    kind: Annotated[str, Meta(examples=["checking"])]
    status: Annotated[str, Meta(examples=["open"])]
    holder_name: Annotated[str, Meta(examples=["Anna de Vries"])]
    customer_id: UUID | None
    balance: Balance
    held: Balance
    available: Balance | None
    credit_limit: Balance | None
    opened_at: Moment
    closed_at: Moment | None

    @classmethod
    def of(cls, row: AccountRow) -> "AccountShown":
        """Return the account as it is written."""

        def amount(minor: int) -> Balance:
            return Balance(amount_minor=minor, currency=row.currency)

        return cls(
            number=row.number,
            kind=row.kind,
            status=row.status,
            holder_name=row.holder_name,
            customer_id=row.customer_id,
            balance=amount(row.balance_minor),
            held=amount(row.held_minor),
            available=None if row.available_minor is None else amount(row.available_minor),
            credit_limit=None if row.floor_minor is None else amount(-row.floor_minor),
            opened_at=row.opened_at,
            closed_at=row.closed_at,
        )


class AccountsShown(Page[AccountShown], frozen=True, kw_only=True):
    """Accounts, by number."""
