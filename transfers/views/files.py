"""Paying many at once: a payments file is uploaded, looked through, confirmed, watched, and answered line by line."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from access.pages import BankForm, DeedPage, StaffPage, id_or_none, is_live, said
from transfers import permissions, selectors, services
from transfers.forms import UploadForm
from transfers.payments_file import COLUMNS
from transfers.selectors import FileRow
from transfers.services.files import MOST_BYTES, MOST_LINES

_PAGE = 100
_PATIENCE = timedelta(seconds=2)  # how long somebody waits for a file to be booked before its progress is shown
_PAYS = frozenset({"foreseen-completed", "foreseen-pending", "foreseen-awaiting-approval"})


class Files(StaffPage):
    """The files that were uploaded, newest first."""

    needs = permissions.VIEW
    template_name = "transfers/files.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add a page of files, and where older ones are."""
        found = selectors.files_before(before=id_or_none(self.request.GET.get("before", "")), limit=_PAGE + 1)
        older = f"?before={found[_PAGE - 1].id}" if len(found) > _PAGE else ""
        return super().get_context_data(**kwargs, files=found[:_PAGE], older=older)


class Upload(DeedPage):
    """Hand in a file, to see what would become of each line."""

    needs = permissions.PAY
    form_class = UploadForm
    template_name = "transfers/file_new.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the file looks like."""
        return super().get_context_data(**kwargs, header=",".join(COLUMNS), most_lines=MOST_LINES)

    def back(self) -> str:
        """Return the list of files."""
        return reverse("transfers:files")

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Look through the file; raises FileTooLong, FileUnusable, FileEmpty."""
        file = form.cleaned_data["file"]
        content = file.read(MOST_BYTES + 1)  # one byte more tells that there is more
        return {"file_id": str(services.check_file(name=file.name, content=content, by=self.by, now=timezone.now()))}

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say what is to be done now."""
        return _("Nothing has moved yet: look at the lines, then confirm.")

    def leads_to(self, body: Mapping[str, Any]) -> str:
        """Return the file's page."""
        return reverse("transfers:file", args=[body["file_id"]])


class FilePage(DeedPage):
    """A file line by line; confirming it is the deed."""

    needs = permissions.VIEW
    template_name = "transfers/file.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the file, its counts and a page of its lines; raises PaymentsFileUnknown."""
        file, asked = self.file(), self.request.GET
        tallies, after = selectors.file_tallies(file=file), asked.get("after", "")
        only = asked.get("show") == "refused"
        start = int(after) if after.isdecimal() and len(after) < 8 else -1
        lines = selectors.file_lines(file=file, after=start, refused_only=only, limit=_PAGE + 1)
        following = {"show": "refused"} if only else {}
        return super().get_context_data(
            **kwargs,
            file=file,
            tallies=tallies,
            payable=sum(tally.count for tally in tallies if tally.status in _PAYS),
            lines=[(line, said(line.refusal) if line.refusal else "") for line in lines[:_PAGE]],
            more=f"?{urlencode(following | {'after': lines[_PAGE - 1].place})}" if len(lines) > _PAGE else "",
            is_first=not after,
            only_refused=only,
            can_confirm=file.confirmed_at is None and file.asked_by_id == self.by.pk and self.may(permissions.PAY),
            can_go_on=file.status == "under-way" and self.may(permissions.PAY),
        )

    def file(self) -> FileRow:
        """Return the file; raises PaymentsFileUnknown."""
        return selectors.payments_file(file_id=self.file_id)

    @property
    def file_id(self) -> UUID:
        """Return which one."""
        file_id: UUID = self.kwargs["file_id"]
        return file_id

    def back(self) -> str:
        """Return the list of files."""
        return reverse("transfers:files")

    def perform(self, form: BankForm) -> Mapping[str, Any]:  # noqa: ARG002  # nothing to fill in
        """Confirm the file; raises NotAllowed, NotYourFile, PaymentsFileUnknown."""
        services.confirm_file(file_id=self.file_id, by=self.by, now=timezone.now())
        return {}

    def done(self, body: Mapping[str, Any], *, replayed: bool) -> HttpResponse:  # noqa: ARG002  # the page says what came of it
        """Book what can be booked while somebody waits, and show the rest on its way."""
        return _gone_on(self.file_id)


class GoOn(StaffPage):
    """Book more of a confirmed file: a portion for a page that watches, as much as somebody waits for otherwise."""

    needs = permissions.PAY

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Book and show how far it is; a page that has seen the end is drawn anew. Raises PaymentsFileUnknown, NotAllowed."""
        file_id: UUID = kwargs["file_id"]
        if not is_live(request):
            return _gone_on(file_id)
        services.book_portion(file_id=file_id, now=timezone.now())
        file = selectors.payments_file(file_id=file_id)
        shown = render(request, "transfers/file_progress.html", {"file": file, "can_go_on": True})
        if file.finished_at:
            shown["HX-Refresh"] = "true"
        return shown

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Lead to the file."""
        return HttpResponseRedirect(reverse("transfers:file", args=[kwargs["file_id"]]))


class Outcomes(StaffPage):
    """What became of each line, as a file."""

    needs = permissions.VIEW

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Send it; raises PaymentsFileUnknown."""
        file = selectors.payments_file(file_id=kwargs["file_id"])
        written = io.StringIO()
        csv.writer(written).writerows(selectors.file_outcomes(file=file))
        headers = {"Content-Disposition": f'attachment; filename="outcomes-{file.id}.csv"'}
        return HttpResponse(written.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _gone_on(file_id: UUID) -> HttpResponse:
    """Book for as long as somebody waits, then lead to the file."""
    services.book_file(file_id=file_id, clock=timezone.now, until=timezone.now() + _PATIENCE)
    return HttpResponseRedirect(reverse("transfers:file", args=[file_id]))
