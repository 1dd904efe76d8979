"""How the lists of the ledger write amounts."""

from django.utils.safestring import SafeString

from access.admin import amount
from accounts.money import format_minor


def written(amount_minor: int, currency: str) -> str:
    """Return an amount with its digits grouped, without its currency."""
    sign = "-" if amount_minor < 0 else ""
    whole, point, rest = format_minor(abs(amount_minor), currency).partition(".")
    return f"{sign}{int(whole):,}{point}{rest}"


def shown_amount(amount_minor: int | None, currency: str) -> SafeString | str:
    """Return an amount with its currency, as every list shows it."""
    return "-" if amount_minor is None else amount(f"{written(amount_minor, currency)} {currency}")
