"""Showing a card's number once."""

from typing import Annotated

import msgspec
from msgspec import Meta

from access.rest import ShowingOnce

CardNumber = Annotated[
    str,
    Meta(
        description="The full number, in the first answer only: it is kept nowhere. Null when the request is repeated or rehearsed.",
        examples=["9999990123456784"],
    ),
]


class WithCardNumber(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that shows a new card's number once."""

    card_number: CardNumber | None = None


class ShowingCardNumber(ShowingOnce):
    """An endpoint that makes a card."""

    shown_once = "card_number"
