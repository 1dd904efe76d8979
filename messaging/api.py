"""The banks one can pay to, over the API."""

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response

from access.rest import SIGNED_IN, Endpoint, Page, operation, page_of, position, read_query
from access.rest.pages import Cursor, Limit
from messaging import selectors


class BankRow(msgspec.Struct, frozen=True, kw_only=True):
    """A bank of the directory; payments go to those that are active."""

    code: str
    name: str
    status: str


class BanksQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the banks."""

    cursor: Cursor | None = None
    limit: Limit = 50


class BankRows(Page[BankRow], frozen=True, kw_only=True):
    """Banks of the directory, by code."""


class Banks(Endpoint):
    """`banks`."""

    needs = {"GET": SIGNED_IN}

    @operation(id="banks_list", summary="The banks of the directory", tag="banks", query=BanksQuery, answers={200: BankRows})
    def get(self, request: Request) -> Response:
        """List the banks the head bank vouches for, by code."""
        query = read_query(request, BanksQuery)
        rows = selectors.peers_after(code=position(query.cursor, str) or "", limit=query.limit + 1)
        found = [BankRow(code=row.code, name=row.name, status=row.status) for row in rows]
        return Response(page_of(found, limit=query.limit, key=lambda row: row.code))
