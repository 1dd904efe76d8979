"""Showing a card's number once: nothing keeps it, the idempotency key's answer neither."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta
from msgspec.structs import replace
from rest_framework.request import Request
from rest_framework.response import Response

from access.rest import Endpoint

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


N = TypeVar("N", bound=WithCardNumber)


class ShowingOnce(Endpoint):
    """An endpoint that makes a card."""

    def once_shown(self, request: Request, make: Callable[[], N]) -> Response:
        """Do `make` once; keep its answer without the card's number, which only the request that made the card is told."""
        made: list[N] = []

        def effect() -> tuple[int, N]:
            made[:] = [make()]  # a retry makes another card: the last is the one that stands
            return 201, replace(made[0], card_number=None)

        response = self.once(request, effect)
        if response.status_code == 201 and "Idempotent-Replayed" not in response.headers:
            response.data = made[0]
        return response
