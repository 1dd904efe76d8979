"""Who asks: the bearer of an access token (RFC 6750)."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import Token

from access import tokens
from access.errors import TokenRefused
from access.models import User
from access.signed_tokens import AccessToken


class Bearer(JWTAuthentication):
    """Let the bearer of an access token in; raises TokenRefused for any that does not count, and for other schemes."""

    def get_raw_token(self, header: bytes) -> bytes | None:
        """Return the token as it was sent, None where the request names nobody."""
        if not header:
            return None
        scheme, _, token = header.partition(b" ")
        if scheme.lower() != b"bearer":
            raise TokenRefused(why="is not sent as `Bearer`")
        return token

    def get_validated_token(self, raw_token: bytes) -> AccessToken:
        """Return the token when it is ours and of this moment."""
        return tokens.read_access(token=raw_token.decode("latin-1"), now=timezone.now())

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]  # simplejwt names any model of users
        """Return whom it speaks for, as the user is now."""
        if not isinstance(validated_token, AccessToken):
            raise TokenRefused(why="was not made here for this use")
        return tokens.user_of(token=validated_token, now=validated_token.current_time)

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002  # DRF passes it
        """Return what a 401 asks for."""
        return "Bearer"
