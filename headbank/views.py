"""The pages of settlement: the windows, and the report of one as page, CSV and PDF."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from access.pages import StaffPage
from access.site import this_bank
from headbank import settlements
from headbank.documents import settlement_pdf
from headbank.permissions import VIEW_WINDOWS


class Settlements(StaffPage):
    """List the settlement windows."""

    needs = VIEW_WINDOWS
    template_name = "headbank/settlements.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the windows."""
        return super().get_context_data(**kwargs, windows=settlements.windows())


class Settlement(StaffPage):
    """Show what a window settled, pair by pair, and who was left out."""

    needs = VIEW_WINDOWS
    template_name = "headbank/settlement.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the report; raises WindowUnknown."""
        return super().get_context_data(**kwargs, report=settlements.report(window=kwargs["window"]))


class SettlementCsv(StaffPage):
    """The report as a file for a spreadsheet."""

    needs = VIEW_WINDOWS

    def get(self, request: HttpRequest, window: UUID) -> HttpResponse:  # noqa: ARG002  # Django passes it
        """Answer with the file; raises WindowUnknown."""
        text = settlements.as_csv(settlements.report(window=window))
        return _file(text, "text/csv; charset=utf-8", f"settlement-{window}.csv")


class SettlementPdf(StaffPage):
    """The report as a document to print and keep."""

    needs = VIEW_WINDOWS

    def get(self, request: HttpRequest, window: UUID) -> HttpResponse:  # noqa: ARG002  # Django passes it
        """Answer with the file; raises WindowUnknown."""
        written = settlement_pdf(report=settlements.report(window=window), site=this_bank(), now=timezone.now())
        return _file(written, "application/pdf", f"settlement-{window}.pdf")


def _file(content: str | bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
