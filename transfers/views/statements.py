"""A statement on paper."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from access.pages import StaffPage
from accounts.forms import StatementFilterForm
from accounts.permissions import VIEW_POSTING
from transfers.documents import statement_document


class StatementPdf(StaffPage):
    """The statement of the days that the account's page shows, this month's so far where it shows all."""

    needs = VIEW_POSTING

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Send the document; raises AccountUnknown, AccountInternal, PeriodInvalid, StatementTooLong."""
        form = StatementFilterForm(request.GET)
        days = form.cleaned_data if form.is_valid() else {}
        document = statement_document(
            number=kwargs["number"], first=days.get("since"), last=days.get("until"), reach=self.by, now=timezone.now()
        )
        headers = {"Content-Disposition": f'attachment; filename="{document.name}"'}
        return HttpResponse(document.content, content_type="application/pdf", headers=headers)
