"""Amounts on the wire: `{"amount_minor": 1250, "currency": "EUR"}`, the one place where JSON becomes money."""

from typing import Annotated

import msgspec
from msgspec import Meta

from accounts.money import MAX_AMOUNT_MINOR, Money, exponent


class Amount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A positive amount in minor units, a whole number and nothing that looks like one; a struct that holds one refuses all else."""

    amount_minor: Annotated[int, Meta(ge=1, le=MAX_AMOUNT_MINOR, description="Minor units: 1250 is 12.50 EUR, or 1250 JPY.")]
    currency: Annotated[str, Meta(min_length=3, max_length=3, pattern="^[A-Z]{3}$", description="ISO 4217.")]

    @classmethod
    def of(cls, money: Money) -> "Amount":
        """Return the money as it is written."""
        return cls(amount_minor=money.amount_minor, currency=money.currency)

    @property
    def money(self) -> Money:
        """Return the money that is meant; raises CurrencyUnknown."""
        exponent(self.currency)
        return Money(self.amount_minor, self.currency)


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of any sign, as balances are; it is only ever said, never taken."""

    amount_minor: Annotated[int, Meta(examples=[1250])]
    currency: Annotated[str, Meta(examples=["EUR"])]
