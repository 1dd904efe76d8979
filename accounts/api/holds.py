"""Holds over the API: placed, listed, released."""

from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access.rest import Because, Endpoint, Page, operation, page_of, position, read_body, read_query, user_of
from accounts import selectors, services
from accounts.amounts import Amount, Balance
from accounts.api.words import Number, PageQuery
from accounts.errors import (
    AccountClosed,
    AccountFrozen,
    AccountInternal,
    AccountUnknown,
    CurrencyMismatch,
    CurrencyUnknown,
    ExpiryInvalid,
    HoldEnded,
    HoldReserved,
    HoldUnknown,
    InsufficientFunds,
)
from accounts.permissions import PLACE_HOLD, VIEW_HOLD
from accounts.selectors import HoldRow
from accounts.selectors.moments import Moment

Purpose = Annotated[str, Meta(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["hotel, two nights"])]


class NewHold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An amount to set aside until a moment of the coming year."""

    account: Number
    amount: Amount
    expires_at: Moment
    purpose: Purpose = ""


class HoldsQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which holds."""

    account: Number = ""
    status: Literal["placed", "captured", "released", "expired"] | None = None


class HoldShown(msgspec.Struct, frozen=True, kw_only=True):
    """A hold and what became of it; one without `expires_at` waits for the decision on an order."""

    id: UUID
    account: Number
    amount: Balance
    captured: Balance
    purpose: str
    status: Annotated[str, Meta(examples=["placed"])]
    placed_at: Moment
    expires_at: Moment | None
    ended_at: Moment | None

    @classmethod
    def of(cls, row: HoldRow) -> "HoldShown":
        """Return the hold as it is written."""
        return cls(
            id=row.id,
            account=row.account,
            amount=Balance(amount_minor=row.amount_minor, currency=row.currency),
            captured=Balance(amount_minor=row.captured_minor, currency=row.currency),
            purpose=row.purpose,
            status=row.status,
            placed_at=row.placed_at,
            expires_at=row.expires_at,
            ended_at=row.ended_at,
        )


class HoldsFound(Page[HoldShown], frozen=True, kw_only=True):
    """Holds, newest first."""


class Holds(Endpoint):
    """`holds`."""

    needs = {"GET": VIEW_HOLD, "POST": PLACE_HOLD}

    @operation(id="holds_list", summary="List holds", tag="holds", query=HoldsQuery, answers={200: HoldsFound})
    def get(self, request: Request) -> Response:
        """List holds, newest first. A program sees those on accounts of customers that gave it a mandate."""
        query, by = read_query(request, HoldsQuery), user_of(request)
        before = position(query.cursor, UUID)
        rows = selectors.find_holds(reach=by, number=query.account, status=query.status or "", before=before, limit=query.limit + 1)
        return Response(page_of([HoldShown.of(row) for row in rows], limit=query.limit, key=lambda row: row.id))

    @operation(
        id="holds_place",
        summary="Place a hold",
        tag="holds",
        body=NewHold,
        answers={200: HoldShown, 201: HoldShown},
        is_kept=True,
        refuses=(
            *(CurrencyUnknown, ExpiryInvalid, AccountUnknown, AccountInternal, CurrencyMismatch),
            *(AccountClosed, AccountFrozen, InsufficientFunds),
        ),
    )
    def post(self, request: Request) -> Response:
        """Set an amount aside on an account: it stays there and cannot be spent otherwise."""
        given, by = read_body(request, NewHold), user_of(request)

        def effect() -> tuple[int, HoldShown]:
            selectors.require_account(by=by, number=given.account)
            hold_id = services.place_hold(
                number=given.account,
                amount=given.amount.money,
                purpose=given.purpose,
                expires_at=given.expires_at,
                by=by,
                now=timezone.now(),
            )
            return 201, HoldShown.of(selectors.hold_by_id(hold_id=hold_id))

        return self.once(request, effect)


class Release(Endpoint):
    """`holds/{id}/release`."""

    needs = {"POST": PLACE_HOLD}

    @operation(
        id="holds_release",
        summary="Release a hold",
        tag="holds",
        body=Because,
        answers={200: HoldShown},
        is_kept=True,
        refuses=(HoldUnknown, HoldReserved, HoldEnded),
    )
    def post(self, request: Request, hold_id: UUID) -> Response:
        """Free what a hold set aside."""
        return self.once_because(
            request,
            partial(services.release_hold, hold_id=hold_id),
            reach=partial(selectors.require_hold, hold_id=hold_id),
            show=lambda: HoldShown.of(selectors.hold_by_id(hold_id=hold_id)),
        )
