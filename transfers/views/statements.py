"""An account with its statement, on the screen and on paper."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from access.pages import StaffPage, is_live
from accounts import selectors
from accounts.permissions import VIEW_ACCOUNT, VIEW_CARD, VIEW_HOLD, VIEW_POSTING
from accounts.selectors import AccountRow
from transfers.documents import statement_document
from transfers.forms import StatementFilterForm
from transfers.statements import Wanted, filtered_statement


class AccountPage(StaffPage):
    """An account: what it holds, what is held on it, its cards, and its statement page by page."""

    needs = VIEW_ACCOUNT
    template_name = "transfers/account.html"

    def get_template_names(self) -> list[str]:
        """Return the statement alone where htmx filters it."""
        return ["transfers/statement.html"] if is_live(self.request) else ["transfers/account.html"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the account and all that is shown of it; raises AccountUnknown."""
        number = kwargs["number"]
        account = selectors.account_by_number(number=number, reach=self.by)
        shown: dict[str, Any] = {"account": account, "limit_minor": -(account.floor_minor or 0), **self._statement(account)}
        if not is_live(self.request):
            shown["holds"] = selectors.holds_of(number=number, limit=20) if self.may(VIEW_HOLD) else []
            shown["cards"] = selectors.find_cards(reach=self.by, number=number, limit=20) if self.may(VIEW_CARD) else []
        return super().get_context_data(**kwargs, **shown)

    def _statement(self, account: AccountRow) -> dict[str, Any]:
        """Return a page of the statement as the filter wants it, the filter, and where older lines are."""
        if not self.may(VIEW_POSTING):
            return {}
        form = StatementFilterForm(self.request.GET if _is_filtered(self.request) else None)
        wanted = Wanted(**form.cleaned_data) if form.is_bound and form.is_valid() else Wanted()
        before = self.request.GET.get("before", "")
        found = filtered_statement(
            number=account.number, wanted=wanted, before_seq=int(before) if before.isdecimal() and len(before) < 19 else None, reach=self.by
        )
        kept = {name: value for name, value in self.request.GET.items() if name in form.fields and value}
        older = f"?{urlencode(kept | {'before': found.older_before})}" if found.older_before else ""
        return {
            "filter": form,
            "lines": found.lines,
            "older": older,
            "is_filtered": bool(kept),
            "is_first": not before,
            "kept": urlencode(kept),
        }


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


def _is_filtered(request: HttpRequest) -> bool:
    return bool(request.GET.keys() & StatementFilterForm.base_fields.keys())
