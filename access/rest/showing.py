"""Showing a secret once: nothing keeps it, the idempotency key's answer neither."""

from collections.abc import Callable
from typing import ClassVar, TypeVar

import msgspec
from msgspec.structs import replace
from rest_framework.request import Request
from rest_framework.response import Response

from access.rest.endpoint import Endpoint

N = TypeVar("N", bound=msgspec.Struct)


class ShowingOnce(Endpoint):
    """An endpoint that makes what may be known to nobody but who asked: `shown_once` is the field of its answers that holds it."""

    shown_once: ClassVar[str]

    def once_shown(self, request: Request, make: Callable[[], N]) -> Response:
        """Do `make` once; keep its answer without the secret, which only the request that made it is told."""
        made: list[N] = []

        def effect() -> tuple[int, N]:
            made[:] = [make()]  # a retry makes another one: the last is the one that stands
            return 201, replace(made[0], **{self.shown_once: None})

        response = self.once(request, effect)
        if response.status_code == 201 and "Idempotent-Replayed" not in response.headers:
            response.data = made[0]
        return response
