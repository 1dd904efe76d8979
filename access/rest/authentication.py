"""Who asks: the bearer of an access token (RFC 6750)."""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from access import tokens
from access.errors import TokenRefused
from access.models import User


class Bearer(BaseAuthentication):
    """Let the bearer of an access token in; raises TokenRefused for any that does not count, and for other schemes."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Return the user, None where the request names nobody."""
        header = get_authorization_header(request)
        if not header:
            return None
        scheme, _, token = header.partition(b" ")
        if scheme.lower() != b"bearer":
            raise TokenRefused(why="is not sent as `Bearer`")
        return tokens.user_of(token=token.decode("latin-1"), now=timezone.now()), None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002  # DRF passes it
        """Return what a 401 asks for."""
        return "Bearer"
