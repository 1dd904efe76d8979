"""What ISO 4217 says of currencies: how many decimal places each has, which every writing of an amount needs."""

from collections.abc import Mapping

# ISO 4217's minor units where they are not 2. Babel's own precisions are CLDR's, meant for display:
# they differ for a dozen currencies (IQD 0 instead of 3, LBP 0 instead of 2) and would move the point.
_PLACES: Mapping[str, int] = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)


def places_of(currency: str) -> int:
    """Return the number of decimal places; 2 also for currencies that are no more, and for those that another bank made up."""
    return _PLACES.get(currency, 2)


def format_minor(amount_minor: int, currency: str) -> str:
    """Return minor units as a plain decimal: 1250 EUR is `12.50`, -5 JPY is `-5`; never refuses, because what is stored must be shown."""
    places = places_of(currency)
    sign, digits = "-" if amount_minor < 0 else "", str(abs(amount_minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits
