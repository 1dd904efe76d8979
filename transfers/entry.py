"""A transfer as plain values: what the rules judge and storage writes."""

from datetime import datetime
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from accounts.money import Money


class Entry(msgspec.Struct, kw_only=True):
    """One row of Transfer, field by field in the order storage writes it; mutable until it is written."""

    id: UUID = msgspec.field(default_factory=uuid7)
    kind: str
    status: str
    amount_minor: int
    currency: str
    fee_minor: int = 0
    debtor_number: str
    debtor_name: str = ""
    creditor_number: str
    creditor_name: str = ""
    origin_bank: str
    origin_id: UUID
    destination_bank: str
    reference: str = ""
    end_to_end_id: str = ""
    reason: str = ""
    asked_by_id: int | None = None
    approval: UUID | None = None
    hold: UUID | None = None
    message: UUID | None = None
    reverses_id: UUID | None = None
    content_hash: bytes | None = None
    created_at: datetime
    expires_at: datetime | None = None
    cancel_asked_at: datetime | None = None
    sent_at: datetime | None = None
    decided_at: datetime | None = None
    settled_at: datetime | None = None

    @property
    def amount(self) -> Money:
        """Return what the creditor gets."""
        return Money(self.amount_minor, self.currency)

    @property
    def total(self) -> Money:
        """Return what the debtor pays: the amount and the fee."""
        return Money(self.amount_minor + self.fee_minor, self.currency)
