"""Documents to print and keep: a statement as a tagged PDF."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from access.documents import typeset
from access.models import User
from access.site import Site, this_bank
from accounts.money import format_minor
from transfers.statements import Line, Statement, statement_of

_MINUS = "\N{MINUS SIGN}"
_TEMPLATE = Path(__file__).parent / "statement.typ"
_WORDS = {
    ("deposit", "book"): "Cash in",
    ("withdrawal", "book"): "Cash out",
    ("reversal", "book"): "Reversal",
    ("adjustment", "book"): "Adjustment",
}
_LEGS = {"book": "Transfer", "fee": "Fee", "refund": "Returned", "refund-fee": "Fee returned"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file to keep, and what it is called."""

    name: str
    content: bytes


def statement_document(*, number: str, first: date | None, last: date | None, reach: User, now: datetime) -> Document:
    """Print what was booked in some days of the bank, oldest first, as a tagged PDF: until today, from the last day's month on if left out.

    Raises PeriodInvalid, AccountUnknown, AccountInternal, StatementTooLong.
    """
    today = timezone.localdate(now)
    last = last or today
    statement = statement_of(number=number, first=first or last.replace(day=1), last=last, today=today, reach=reach)
    name = f"{number}-{statement.first}-{statement.last}.pdf"
    return Document(name=name, content=statement_pdf(statement=statement, site=this_bank(), now=now))


def statement_pdf(*, statement: Statement, site: Site, now: datetime) -> bytes:
    """Return the statement as a tagged PDF."""
    return typeset(template=_TEMPLATE, data=statement_data(statement=statement, site=site, now=now), now=now)


def statement_data(*, statement: Statement, site: Site, now: datetime) -> dict[str, Any]:
    """Return every text of the document as it is printed."""
    account, currency = statement.account, statement.account.currency

    def money(minor: int) -> str:
        return grouped(minor, currency)

    return {
        "bank": site.name,
        "code": site.code,
        "holder": account.holder_name,
        "number": spaced(account.number),
        "kind": account.kind.capitalize(),
        "currency": currency,
        "first": _day(statement.first),
        "last": _day(statement.last),
        "printed": f"{_day(timezone.localtime(now).date())}, {timezone.localtime(now):%H:%M}",
        "opening": money(statement.opening_minor),
        "closing": money(statement.closing_minor),
        "came_in": money(sum(max(line.amount_minor, 0) for line in statement.lines)),
        "went_out": money(-sum(min(line.amount_minor, 0) for line in statement.lines)),
        "lines": [_row(line, currency) for line in statement.lines],
    }


def _row(line: Line, currency: str) -> dict[str, str]:
    return {
        "day": f"{timezone.localtime(line.booked_at):%d %b %Y}".removeprefix("0"),
        "what": _WORDS.get((line.kind, line.leg), _LEGS.get(line.leg, line.leg)),
        "party": line.party or line.party_number,
        "number": spaced(line.party_number) if line.party else "",
        "reference": line.reference,
        "out": grouped(-line.amount_minor, currency) if line.amount_minor < 0 else "",
        "in": grouped(line.amount_minor, currency) if line.amount_minor > 0 else "",
        "balance": grouped(line.balance_after_minor, currency),
    }


def grouped(amount_minor: int, currency: str) -> str:
    """Return minor units as they are printed, their thousands apart: 123456789 EUR is `1,234,567.89`."""
    whole, dot, fraction = format_minor(abs(amount_minor), currency).partition(".")
    return f"{_MINUS if amount_minor < 0 else ''}{int(whole):,}{dot}{fraction}"


def spaced(number: str) -> str:
    """Return an IBAN in groups of four, as it is printed (ISO 13616); the bank's own numbers as they are."""
    return number if "." in number else " ".join(number[place : place + 4] for place in range(0, len(number), 4))


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"
