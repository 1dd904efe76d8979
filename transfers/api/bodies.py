"""What clients send about money that moves, and what they are told at once."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from access.errors import DomainError
from accounts.amounts import Amount
from transfers.events import MAX_END_TO_END_ID, MAX_TEXT
from transfers.orders import Accepted, Deposit, Payment, Withdrawal

STATUS_URL = "/api/v1/transfers/{id}"
_DONE = "completed"

Iban = Annotated[str, Meta(min_length=1, max_length=34, description="An IBAN without spaces.", examples=["NL65BNKA0000000001"])]
Name = Annotated[str, Meta(max_length=MAX_TEXT, description="As the debtor knows the creditor; the account decides who is paid.")]
Reference = Annotated[str, Meta(max_length=MAX_TEXT, description="What it is for; the creditor reads it.", examples=["Invoice 2026-17"])]
EndToEndId = Annotated[str, Meta(max_length=MAX_END_TO_END_ID, description="Your own name for it; it travels along unchanged.")]
Reason = Annotated[str, Meta(max_length=MAX_TEXT, description="Why; it is kept.")]


class CashBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cash over the counter, into or out of an account of this bank."""

    account: Iban
    amount: Amount
    reference: Reference = ""
    end_to_end_id: EndToEndId = ""

    @property
    def deposit(self) -> Deposit:
        """Return the order to take the cash in; raises CurrencyUnknown."""
        return Deposit(account=self.account, amount=self.amount.money, reference=self.reference, end_to_end_id=self.end_to_end_id)

    @property
    def withdrawal(self) -> Withdrawal:
        """Return the order to pay the cash out; raises CurrencyUnknown."""
        return Withdrawal(account=self.account, amount=self.amount.money, reference=self.reference, end_to_end_id=self.end_to_end_id)


class TransferBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money to another account; the creditor's IBAN alone decides whether it stays in this bank or leaves."""

    debtor: Iban
    creditor: Iban
    creditor_name: Name
    amount: Amount
    reference: Reference = ""
    end_to_end_id: EndToEndId = ""
    captures: Annotated[UUID | None, Meta(description="A hold on the debtor's account that ends with this payment.")] = None

    @property
    def payment(self) -> Payment:
        """Return the order; raises CurrencyUnknown."""
        return Payment(
            debtor=self.debtor,
            creditor=self.creditor,
            creditor_name=self.creditor_name,
            amount=self.amount.money,
            reference=self.reference,
            end_to_end_id=self.end_to_end_id,
            captures=self.captures,
        )


class CancelBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a transfer should not arrive."""

    reason: Reason = ""


class ReverseBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a transfer is taken back."""

    reason: Reason


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer that was accepted, with its status right after and where to ask for what becomes of it."""

    id: UUID
    kind: str
    status: str
    status_url: str


def said(outcome: Accepted | DomainError) -> tuple[int, Ordered]:
    """Return what is answered to one order: 201 when it is done, 202 while it waits or travels; raises its refusal."""
    if isinstance(outcome, DomainError):
        raise outcome
    return (201 if outcome.status == _DONE else 202), ordered(outcome)


def ordered(accepted: Accepted) -> Ordered:
    """Return an accepted order as it is answered."""
    return Ordered(
        id=accepted.transfer_id,
        kind=accepted.kind,
        status=accepted.status,
        status_url=STATUS_URL.format(id=accepted.transfer_id),
    )
