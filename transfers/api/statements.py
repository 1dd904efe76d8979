"""An account's statement as a document, over the API."""

from datetime import date
from typing import Annotated

import msgspec
from django.http import HttpResponse
from django.utils import timezone
from msgspec import Meta
from rest_framework.request import Request

from access.rest import Endpoint, operation, read_query, user_of
from access.rest.rendering import Json
from accounts.errors import AccountInternal, AccountUnknown, PeriodInvalid, StatementTooLong
from accounts.permissions import VIEW_POSTING
from transfers.documents import statement_document


class Days(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which days of the bank: this month so far if left out."""

    first: Annotated[date | None, Meta(description="The first day; that of the last day's month if left out.")] = None
    last: Annotated[date | None, Meta(description="The last day; today if left out.")] = None


class Pdf(Json):
    """Let clients ask for a PDF; a problem is said as ever."""

    media_type = "application/pdf"
    format = "pdf"


class StatementDocument(Endpoint):
    """`accounts/{number}/statement.pdf`."""

    needs = {"GET": VIEW_POSTING}
    renderer_classes = (Pdf,)

    @operation(
        id="accounts_statement_pdf",
        summary="What happened on an account, as a document",
        tag="accounts",
        query=Days,
        answers={200: bytes},
        media_type="application/pdf",
        refuses=(PeriodInvalid, AccountUnknown, AccountInternal, StatementTooLong),
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        """Print what was booked in some days of the bank, oldest first, as a tagged PDF."""
        days = read_query(request, Days)
        document = statement_document(number=number, first=days.first, last=days.last, reach=user_of(request), now=timezone.now())
        headers = {"Content-Disposition": f'attachment; filename="{document.name}"'}
        return HttpResponse(document.content, content_type="application/pdf", headers=headers)
