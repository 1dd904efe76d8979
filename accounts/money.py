"""Money: integer minor units of one currency, and the only way text becomes money."""

import re
from functools import cache

import msgspec
from babel.core import get_global

from accounts.errors import AmountInvalid, CurrencyUnknown

MAX_AMOUNT_MINOR = 10**15
_DECIMAL = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,4}))?", re.ASCII)

# ISO 4217's minor units where they are not 2. Babel's own precisions are CLDR's, meant for display:
# they differ for a dozen currencies (IQD 0 instead of 3, LBP 0 instead of 2) and would move the point.
_PLACES = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)


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
    return _PLACES.get(currency, 2)


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


def format_minor(amount_minor: int, currency: str) -> str:
    """Return minor units as a plain decimal: 1250 EUR is `12.50`, -5 JPY is `-5`; never refuses, because what is stored must be shown."""
    places = _PLACES.get(currency, 2)  # of currencies that are no more and of those that another bank made up, too
    sign, digits = "-" if amount_minor < 0 else "", str(abs(amount_minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits
