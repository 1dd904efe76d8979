"""The report of a settlement as a document to print and keep."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from access.documents import typeset
from access.site import Site
from accounts.money import format_minor
from headbank.settlements import Report

_TEMPLATE = Path(__file__).parent / "settlement.typ"


def settlement_pdf(*, report: Report, site: Site, now: datetime) -> bytes:
    """Return the report as a tagged PDF."""
    return typeset(template=_TEMPLATE, data=report_data(report=report, site=site, now=now), now=now)


def report_data(*, report: Report, site: Site, now: datetime) -> dict[str, Any]:
    """Return every text of the document as it is printed."""
    return {
        "bank": site.name,
        "code": site.code,
        "window": str(report.window.id),
        "status": report.window.status,
        "cut_off": f"{timezone.localtime(report.window.cut_off_at):%d %B %Y, %H:%M:%S}",
        "printed": f"{timezone.localtime(now):%d %B %Y, %H:%M}",
        "nets": [{"bank": net.bank, "amount": net.amount, "currency": net.currency, "note": net.note} for net in report.nets],
        "sums": [f"{format_minor(total, currency)} {currency}" for currency, total in report.sums.items()],
        "pairs": [
            {"one": pair.one, "other": pair.other, "amount": pair.amount, "currency": pair.currency, "note": pair.flaw}
            for pair in report.pairs
        ],
        "silent": list(report.silent),
    }
