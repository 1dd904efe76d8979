"""IBANs: whether a text is one, which bank's it is, and making one (ISO 13616)."""

from functools import cache, lru_cache

from schwifty import registry
from schwifty.domain import Component, IBANSpec
from schwifty.exceptions import SchwiftyException

_VALUES = {ord(sign): str(place) for place, sign in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}


def is_iban(text: str) -> bool:
    """Return whether the text is an IBAN as it is written for machines: capitals and digits, right form and check digits."""
    return bank_code_of(text) is not None


@lru_cache(maxsize=200_000)
def bank_code_of(number: str) -> str | None:
    """Return the code of the bank an IBAN names, None when the text is no IBAN."""
    if not 15 <= len(number) <= 34 or not number.isascii() or not number.isalnum() or not number[2:4].isdigit():
        return None
    spec = _form(number[:2])
    if spec is None or spec.regex.fullmatch(number[4:]) is None or not "02" <= number[2:4] <= "98" or _remainder(number) != 1:
        return None
    place = spec.positions[Component.BANK_CODE]
    return number[4 + place.start : 4 + place.end]


def make(country: str, bank_code: str, serial: int) -> str:
    """Return the IBAN of the bank's `serial`-th account; raises ValueError when it does not fit the country's form."""
    spec = _form(country)
    if spec is None:
        raise ValueError(f"{country} has no IBANs")
    account = bank_code + str(serial).rjust(spec.bban_length - len(bank_code), "0")
    number = f"{country}{98 - _remainder(f'{country}00{account}'):02d}{account}"
    if bank_code_of(number) != bank_code:
        raise ValueError(f"{bank_code} with account {serial} is no account of a bank in {country}")
    return number


def _remainder(number: str) -> int:
    """Return the ISO 7064 MOD 97-10 remainder: 1 for an IBAN with right check digits."""
    return int((number[4:] + number[:4]).translate(_VALUES)) % 97


@cache
def _form(country: str) -> IBANSpec | None:
    """Return how a country's IBANs are built, None for a country without them."""
    try:
        return registry.get_iban_spec(country)
    except SchwiftyException:
        return None
