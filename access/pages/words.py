"""What people read: refusals and amounts in the words and figures of the page's language; English decimals are what the API says."""

from django.utils.formats import get_format
from django.utils.translation import gettext

from access.currencies import format_minor
from access.errors import DomainError

MINUS, TIED = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"


def grouped(amount_minor: int, currency: str) -> str:
    """Return an amount as people of the page's language write it, without its currency: 1,250.00 or 1.250,00."""
    whole, _, places = format_minor(abs(amount_minor), currency).partition(".")
    figure = f"{int(whole):,}".replace(",", get_format("THOUSAND_SEPARATOR"))
    sign = MINUS if amount_minor < 0 else ""
    return f"{sign}{figure}{get_format('DECIMAL_SEPARATOR')}{places}" if places else f"{sign}{figure}"


def said(refusal: DomainError) -> str:
    """Return title and advice with the facts filled in."""
    advice = refusal.advised(gettext(refusal.advice), _amount) if refusal.advice else ""
    return f"{gettext(refusal.title)} {advice}".strip()


def _amount(amount_minor: int, currency: str) -> str:
    return f"{grouped(amount_minor, currency)}{TIED}{currency}"
