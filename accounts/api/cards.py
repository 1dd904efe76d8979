"""Cards over the API: issued, listed, blocked, unblocked, replaced."""

from datetime import date
from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access.errors import ReasonMissing
from access.rest import Because, Endpoint, Page, operation, page_of, position, read_body, read_query, user_of
from accounts import selectors, services
from accounts.api.showing import ShowingCardNumber, WithCardNumber
from accounts.api.words import Number, PageQuery
from accounts.errors import AccountClosed, AccountInternal, AccountUnknown, CardStatusWrong, CardUnknown
from accounts.permissions import FREEZE_ACCOUNT, ISSUE_CARD, VIEW_CARD
from accounts.selectors import CardRow
from accounts.services import IssuedCard


class NewCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account a card is wanted for."""

    account: Number


class CardsQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which cards."""

    customer_id: UUID | None = None
    account: Number = ""


class CardsFound(Page[CardRow], frozen=True, kw_only=True):
    """Cards, newest first."""


class CardIssued(WithCardNumber, frozen=True, kw_only=True):
    """A new card."""

    id: UUID
    last_four: Annotated[str, Meta(examples=["6784"])]
    expires_date: date
    status: Annotated[str, Meta(examples=["active"])] = "active"

    @classmethod
    def of(cls, issued: IssuedCard) -> "CardIssued":
        """Return the card as it is written."""
        card = issued.card
        return cls(id=card.id, last_four=card.last_four, expires_date=card.expires_date, card_number=issued.full_number)


class Cards(ShowingCardNumber):
    """`cards`."""

    needs = {"GET": VIEW_CARD, "POST": ISSUE_CARD}

    @operation(id="cards_list", summary="List cards", tag="cards", query=CardsQuery, answers={200: CardsFound})
    def get(self, request: Request) -> Response:
        """List cards, newest first. A program sees those of customers that gave it a mandate."""
        query, by = read_query(request, CardsQuery), user_of(request)
        before = position(query.cursor, UUID)
        rows = selectors.find_cards(reach=by, customer_id=query.customer_id, number=query.account, before=before, limit=query.limit + 1)
        return Response(page_of(rows, limit=query.limit, key=lambda row: row.id))

    @operation(
        id="cards_issue",
        summary="Issue a card",
        tag="cards",
        body=NewCard,
        answers={200: CardIssued, 201: CardIssued},
        is_kept=True,
        refuses=(AccountUnknown, AccountInternal, AccountClosed),
    )
    def post(self, request: Request) -> Response:
        """Issue a card to an account; its full number is in this answer only."""
        number, by = read_body(request, NewCard).account, user_of(request)

        def make() -> CardIssued:
            selectors.require_account(by=by, number=number)
            return CardIssued.of(services.issue_card(number=number, by=by, now=timezone.now()))

        return self.once_shown(request, make)


class Block(Endpoint):
    """`cards/{id}/block`."""

    needs = {"POST": FREEZE_ACCOUNT}

    @operation(
        id="cards_block",
        summary="Block a card",
        tag="cards",
        body=Because,
        answers={200: CardRow},
        is_kept=True,
        refuses=(ReasonMissing, CardUnknown, CardStatusWrong),
    )
    def post(self, request: Request, card_id: UUID) -> Response:
        """Block an active card."""
        return self.once_because(
            request,
            partial(services.block_card, card_id=card_id),
            reach=partial(selectors.require_card, card_id=card_id),
            show=partial(selectors.card_by_id, card_id=card_id),
        )


class Unblock(Endpoint):
    """`cards/{id}/unblock`."""

    needs = {"POST": ISSUE_CARD}

    @operation(
        id="cards_unblock",
        summary="Unblock a card",
        tag="cards",
        body=Because,
        answers={200: CardRow},
        is_kept=True,
        refuses=(ReasonMissing, CardUnknown, CardStatusWrong),
    )
    def post(self, request: Request, card_id: UUID) -> Response:
        """Let a blocked card be used again."""
        return self.once_because(
            request,
            partial(services.unblock_card, card_id=card_id),
            reach=partial(selectors.require_card, card_id=card_id),
            show=partial(selectors.card_by_id, card_id=card_id),
        )


class Replace(ShowingCardNumber):
    """`cards/{id}/replace`."""

    needs = {"POST": ISSUE_CARD}

    @operation(
        id="cards_replace",
        summary="Replace a card",
        tag="cards",
        body=Because,
        answers={200: CardIssued, 201: CardIssued},
        is_kept=True,
        refuses=(CardUnknown, AccountClosed, CardStatusWrong),
    )
    def post(self, request: Request, card_id: UUID) -> Response:
        """End a card for good and issue another to the same account; its full number is in this answer only."""
        reason, by = read_body(request, Because).reason, user_of(request)

        def make() -> CardIssued:
            selectors.require_card(by=by, card_id=card_id)
            return CardIssued.of(services.replace_card(card_id=card_id, reason=reason, by=by, now=timezone.now()))

        return self.once_shown(request, make)
