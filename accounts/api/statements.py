"""What happened on an account and what it held, over the API: as pages, and whole as CSV."""

import csv
from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

import msgspec
from django.http import StreamingHttpResponse
from django.utils import timezone
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access.models import User
from access.rest import Endpoint, Page, operation, page_of, position, read_query, user_of
from access.rest.rendering import Json
from access.spreadsheets import as_text
from accounts import selectors
from accounts.amounts import Balance
from accounts.api.words import Number, PageQuery
from accounts.errors import AccountInternal, AccountUnknown
from accounts.money import format_minor
from accounts.permissions import VIEW_ACCOUNT, VIEW_POSTING
from accounts.selectors import StatementLine
from accounts.selectors.moments import Moment

_CHUNK = 1_000  # lines that are read, and held in memory, at a time
_HEADER = ("seq", "booked_at", "transfer_id", "leg", "amount", "currency", "balance_after", "counterparty", "counterparty_name")


class BalanceQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When; now if left out."""

    at: Annotated[Moment | None, Meta(description="A moment that has been (RFC 3339); now if left out.")] = None


class BalanceShown(msgspec.Struct, frozen=True, kw_only=True):
    """What an account held at a moment."""

    account: Number
    at: Moment
    balance: Balance


class LineShown(msgspec.Struct, frozen=True, kw_only=True):
    """One posting as its account sees it: the amount is negative when money left. `seq` counts the account's postings from 1."""

    seq: int
    booked_at: Moment
    transfer_id: UUID
    leg: Annotated[str, Meta(examples=["book"])]
    amount: Balance
    balance_after: Balance
    counterparty: Number
    counterparty_name: str

    @classmethod
    def of(cls, line: StatementLine) -> "LineShown":
        """Return the line as it is written."""
        return cls(
            seq=line.seq,
            booked_at=line.booked_at,
            transfer_id=line.transfer_id,
            leg=line.leg,
            amount=Balance(amount_minor=line.amount_minor, currency=line.currency),
            balance_after=Balance(amount_minor=line.balance_after_minor, currency=line.currency),
            counterparty=line.counterparty,
            counterparty_name=line.counterparty_name,
        )


class StatementPage(Page[LineShown], frozen=True, kw_only=True):
    """Lines of a statement, newest first."""


class Csv(Json):
    """Let clients ask for CSV; a problem is said as ever."""

    media_type = "text/csv"
    format = "csv"


class BalanceOf(Endpoint):
    """`accounts/{number}/balance`."""

    needs = {"GET": VIEW_ACCOUNT}

    @operation(
        id="accounts_balance",
        summary="What an account holds, or held",
        tag="accounts",
        query=BalanceQuery,
        answers={200: BalanceShown},
        refuses=(AccountUnknown, AccountInternal),
    )
    def get(self, request: Request, number: str) -> Response:
        """Show what the account holds now, or held at a moment that has been. The bank's own busiest accounts keep no past."""
        at, now = read_query(request, BalanceQuery).at, timezone.now()
        moment = None if at is None or at >= now else at
        found = selectors.balance_of(number=number, at=moment, reach=user_of(request))
        balance = Balance(amount_minor=found.balance_minor, currency=found.currency)
        return Response(BalanceShown(account=number, at=moment or now, balance=balance))


class Statement(Endpoint):
    """`accounts/{number}/statement`."""

    needs = {"GET": VIEW_POSTING}

    @operation(
        id="accounts_statement",
        summary="What happened on an account",
        tag="accounts",
        query=PageQuery,
        answers={200: StatementPage},
        refuses=(AccountUnknown,),
    )
    def get(self, request: Request, number: str) -> Response:
        """List what was booked, newest first. The bank's own busiest accounts have no statement: it is empty."""
        query = read_query(request, PageQuery)
        before = position(query.cursor, Seq)
        lines = selectors.statement(number=number, before_seq=before, limit=query.limit + 1, reach=user_of(request))
        return Response(page_of([LineShown.of(line) for line in lines], limit=query.limit, key=lambda line: line.seq))


class StatementFile(Endpoint):
    """`accounts/{number}/statement.csv`."""

    needs = {"GET": VIEW_POSTING}
    renderer_classes = (Csv,)

    @operation(
        id="accounts_statement_csv",
        summary="What happened on an account, as CSV",
        tag="accounts",
        answers={200: str},
        media_type="text/csv",
        refuses=(AccountUnknown,),
    )
    def get(self, request: Request, number: str) -> StreamingHttpResponse:
        """Send all that was booked, newest first, amounts as decimals. It is sent as it is read, however long it is."""
        rows = csv_rows(number=number, reach=user_of(request))
        return StreamingHttpResponse(
            rows,
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{number}.csv"'},
        )


Seq = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_rows(*, number: str, reach: User) -> Iterator[str]:
    """Return the whole statement as rows of CSV, read on as they are taken; raises AccountUnknown before the first."""
    return _rows(number, selectors.statement(number=number, limit=_CHUNK, reach=reach))


def _rows(number: str, lines: list[StatementLine]) -> Iterator[str]:
    """Yield the header and a row for each line of the statement, reading on as long as there is more."""
    writer = csv.writer(_Echo())
    yield writer.writerow(_HEADER)
    while lines:
        for line in lines:
            yield writer.writerow(_cells(line))
        lines = selectors.statement(number=number, before_seq=lines[-1].seq, limit=_CHUNK)


def _cells(line: StatementLine) -> tuple[object, ...]:
    """Return a line's cells; what people named themselves never becomes a spreadsheet's formula."""
    name = line.counterparty_name
    return (
        line.seq,
        line.booked_at.isoformat(),
        line.transfer_id,
        line.leg,
        format_minor(line.amount_minor, line.currency),
        line.currency,
        format_minor(line.balance_after_minor, line.currency),
        line.counterparty,
        as_text(name),
    )
