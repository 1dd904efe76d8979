"""Names of the bank's own accounts, such as CASH.EUR and CLEARING.BNKB.EUR; never an IBAN, which has no dot."""

import re
from typing import NamedTuple

from accounts.models import Account

Kind = Account.Kind
_NAME = re.compile(r"(?:(CASH|FEES|SUSPENSE|SETTLEMENT)|(CLEARING|TILL|SETTLEMENT)\.([A-Z0-9][A-Z0-9-]{0,18}))\.([A-Z]{3})", re.ASCII)


class Internal(NamedTuple):
    """What an internal account's number says; `owner` is the other bank of a clearing account, or a till's name.

    At the head bank it is also the bank that a settlement account is kept for.
    """

    kind: Account.Kind
    owner: str
    currency: str


def cash(currency: str) -> str:
    """Return the vault's account."""
    return f"CASH.{currency}"


def fees(currency: str) -> str:
    """Return the account of fees earned."""
    return f"FEES.{currency}"


def suspense(currency: str) -> str:
    """Return the account of money whose owner's account cannot take it."""
    return f"SUSPENSE.{currency}"


def settlement(currency: str) -> str:
    """Return the account with the head bank."""
    return f"SETTLEMENT.{currency}"


def settlement_of(bank_code: str, currency: str) -> str:
    """Return the account the head bank keeps for a bank."""
    return f"SETTLEMENT.{bank_code}.{currency}"


def clearing(bank_code: str, currency: str) -> str:
    """Return the account of what is owed between this and another bank."""
    return f"CLEARING.{bank_code}.{currency}"


def till(name: str, currency: str) -> str:
    """Return a teller's drawer."""
    return f"TILL.{name}.{currency}"


def till_of(teller_id: int, currency: str) -> str:
    """Return the drawer that is this teller's own, in this currency."""
    return till(f"{teller_id:03d}", currency)


def is_till(number: str) -> bool:
    """Return whether the number names a teller's drawer."""
    return number.startswith("TILL.")  # no IBAN holds a dot


def is_internal(number: str) -> bool:
    """Return whether the number names an account of the bank itself."""
    return parse(number) is not None


def parse(number: str) -> Internal | None:
    """Return what an internal account's number says, None for any other text."""
    matched = _NAME.fullmatch(number)
    if matched is None:
        return None
    plain, owned, owner, currency = matched.groups()
    return Internal(Kind((plain or owned).lower()), owner or "", currency)
