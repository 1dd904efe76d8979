"""Card numbers in a range no real issuer uses, right by the Luhn check (ISO/IEC 7812)."""

import secrets

BRAND = "debit"
_RANGE = "999999"  # 9 is for national use; nobody issues here, so no number of ours is somebody's card
_LENGTH = 16


def new_number() -> str:
    """Return a random card number."""
    body = _RANGE + "".join(secrets.choice("0123456789") for _ in range(_LENGTH - len(_RANGE) - 1))
    return body + str(-_luhn_sum(body + "0") % 10)


def is_card_number(text: str) -> bool:
    """Return whether the text has a card number's length and check digit."""
    return text.isascii() and text.isdigit() and len(text) == _LENGTH and _luhn_sum(text) % 10 == 0


def _luhn_sum(digits: str) -> int:
    """Return the sum of the digits, every second one from the right doubled and taken without its nine."""
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return sum(int(digit) for digit in digits[::-2]) + sum(number - 9 if number > 9 else number for number in doubled)
