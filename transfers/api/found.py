"""Transfers as clients see them: rows of a list, and one with its story."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from access.rest import Page
from access.rest.pages import Cursor, Limit
from accounts.amounts import Amount
from accounts.selectors.moments import Moment
from transfers.entry import Entry
from transfers.selectors import EventRow

Kind = Literal["deposit", "withdrawal", "internal", "outgoing", "incoming", "reversal", "adjustment", "float", "settlement"]
Status = Literal["awaiting-approval", "pending", "completed", "refused", "rejected", "cancelled", "credited"]


class TransferRow(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer. `reason` says why it was refused, rejected or cancelled; `decided_at` is the other bank's clock, `settled_at` ours."""

    id: UUID
    kind: str
    status: str
    amount: Amount
    fee_minor: int
    debtor: str
    debtor_name: str
    creditor: str
    creditor_name: str
    origin_bank: str
    destination_bank: str
    reference: str
    end_to_end_id: str
    reason: str
    reverses: UUID | None
    created_at: Moment
    expires_at: Moment | None
    cancel_asked_at: Moment | None
    decided_at: Moment | None
    settled_at: Moment | None


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a transfer: usually its new status."""

    type: str
    at: Moment
    reason: str


class TransferShown(TransferRow, frozen=True, kw_only=True):
    """A transfer with its story, oldest first."""

    events: Sequence[Happened]


class TransferRows(Page[TransferRow], frozen=True, kw_only=True):
    """Transfers, newest first."""


class TransfersQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which transfers: all filters given must fit."""

    account: Annotated[str, Meta(max_length=34, description="Debtor or creditor, by number.")] | None = None
    kind: Kind | None = None
    status: Status | None = None
    end_to_end_id: Annotated[str, Meta(max_length=35, description="Your own name for it.")] | None = None
    cursor: Cursor | None = None
    limit: Limit = 50

    @property
    def filters(self) -> dict[str, Any]:
        """Return what the list is narrowed by."""
        return {"account": self.account, "kind": self.kind, "status": self.status, "end_to_end_id": self.end_to_end_id}


def row_of(entry: Entry) -> TransferRow:
    """Return a transfer as a row of a list."""
    return TransferRow(**_fields(entry))


def shown_of(entry: Entry, events: Sequence[EventRow]) -> TransferShown:
    """Return a transfer with its story."""
    story = [Happened(type=event.type, at=event.at, reason=event.reason) for event in events]
    return TransferShown(**_fields(entry), events=story)


def _fields(entry: Entry) -> dict[str, Any]:
    """Return a transfer's fields by the names clients know."""
    renamed = {
        "amount": Amount.of(entry.amount),
        "debtor": entry.debtor_number,
        "creditor": entry.creditor_number,
        "reverses": entry.reverses_id,
    }
    return {name: renamed[name] if name in renamed else getattr(entry, name) for name in TransferRow.__struct_fields__}
