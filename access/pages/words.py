"""A refusal in the words of the page's language; English is what the API says."""

from django.utils.translation import gettext

from access.errors import DomainError


def said(refusal: DomainError) -> str:
    """Return title and advice with the facts filled in."""
    advice = gettext(refusal.advice).format(**refusal.facts) if refusal.advice else ""
    return f"{gettext(refusal.title)} {advice}".strip()
