"""How often one may ask: a count per minute for each user, and for each address of people who have not signed in."""

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from access.addresses import client_address

_WINDOW_S = 60


class PerMinute(BaseThrottle):
    """Count requests in the minute they fall in. Each web process counts its own; a limit of 0 is none."""

    def allow_request(self, request: Request, view: Any) -> bool:  # noqa: ARG002  # DRF passes it
        """Return whether this request is within the limit."""
        who, limit = self._who(request)
        if not limit:
            return True
        key = f"asked:{who}:{int(time.time()) // _WINDOW_S}"
        cache.add(key, 0, timeout=_WINDOW_S)
        return cache.incr(key) <= limit

    def wait(self) -> float:
        """Return how many seconds are left of the minute."""
        return float(_WINDOW_S - int(time.time()) % _WINDOW_S)

    def _who(self, request: Request) -> tuple[str, int]:
        user = request.user
        if not user.is_authenticated:
            return f"address:{client_address(request._request)}", settings.API_REQUESTS_PER_MINUTE_UNKNOWN  # noqa: SLF001  # DRF wraps Django's
        client = getattr(user, "client", None)
        own = client.requests_per_minute if client else None
        return f"user:{user.pk}", settings.API_REQUESTS_PER_MINUTE if own is None else own
