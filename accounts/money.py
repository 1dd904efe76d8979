"""Money: integer minor units of one currency, and the only way text becomes money."""

import re
from functools import cache

import msgspec
from babel.core import get_global

from access.currencies import format_minor, places_of
from accounts.errors import AmountInvalid, CurrencyUnknown

MAX_AMOUNT_MINOR = 10**15
__all__ = ["MAX_AMOUNT_MINOR", "Money", "exponent", "format_minor"]
_DECIMAL = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,4}))?", re.ASCII)


@cache
def _tender() -> frozenset[str]:
    """Return the currencies that are legal tender somewhere today: no past ones, no metals, no funds codes."""
    uses = (use for territory in get_global("territory_currencies").values() for use in territory)
    return frozenset(currency for currency, _, until, tender in uses if until is None and tender)


@cache
def exponent(currency: str) -> int:
    """Return the number of decimal places of a currency (ISO 4217: EUR 2, JPY 0, BHD 3); raises CurrencyUnknown."""
    if currency not in _tender():
        raise CurrencyUnknown(currency=currency[:10])
    return places_of(currency)


class Money(msgspec.Struct, frozen=True, order=True):
    """A positive amount of 1 to 10^15 minor units of one currency; raises AmountInvalid outside of that."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int or not 1 <= self.amount_minor <= MAX_AMOUNT_MINOR:
            raise AmountInvalid(amount=str(self.amount_minor)[:40], currency=self.currency)

    def __str__(self) -> str:
        return f"{format_minor(self.amount_minor, self.currency)} {self.currency}"

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Return the money a decimal like `12.50` names; raises AmountInvalid rather than round, CurrencyUnknown for no currency."""
        places = exponent(currency)
        matched = _DECIMAL.fullmatch(text.strip(" "))
        if matched is None or len(matched[2] or "") > places:
            raise AmountInvalid(amount=text[:40], currency=currency)
        return cls(int(matched[1] + (matched[2] or "").ljust(places, "0")), currency)
