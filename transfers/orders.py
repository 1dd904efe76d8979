"""The orders people and programs give, and what they get back."""

from dataclasses import dataclass
from uuid import UUID

from access.text import composed, folded
from accounts.money import Money


class _Texts:
    """An order whose texts are the same however they were typed: composed, and spaces folded in ids and names."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, change in (("reference", composed), ("end_to_end_id", folded), ("creditor_name", folded)):
            if hasattr(self, name):
                object.__setattr__(self, name, change(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit(_Texts):
    """Cash in: the bank's cash is debited, the customer's account credited; `at_till` puts it into the open till of whoever orders."""

    account: str
    amount: Money
    reference: str = ""
    end_to_end_id: str = ""
    at_till: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal(_Texts):
    """Cash out: the customer's account is debited, the bank's cash credited; `at_till` takes it from the open till of whoever orders."""

    account: str
    amount: Money
    reference: str = ""
    end_to_end_id: str = ""
    at_till: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(_Texts):
    """Money to another account; the creditor's IBAN alone decides whether it stays in this bank or leaves.

    `captures` names a hold on the debtor's account that ends with this payment: what is not paid is free again.
    """

    debtor: str
    creditor: str
    creditor_name: str
    amount: Money
    reference: str = ""
    end_to_end_id: str = ""
    captures: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """The whole of a completed deposit, withdrawal or internal transfer taken back; always decided by a second person."""

    transfer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Money moved from `debit` to `credit`, at least one of them the bank's own account; always decided by a second person."""

    debit: str
    credit: str
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Float:
    """Cash carried between the vault and a till; the tills' own service orders it, under the till's lock."""

    till: str
    amount: Money
    to_till: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TillDifference:
    """What was counted in a till more (`is_over`) or less than it should hold, kept in suspense; always decided by a second person."""

    till: str
    amount: Money
    is_over: bool
    reason: str


Order = Deposit | Withdrawal | Payment | Reversal | Adjustment | Float | TillDifference


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that became a transfer, and its status right after."""

    transfer_id: UUID
    kind: str
    status: str
