"""Signing in and out over the API, and who one is."""

from datetime import datetime
from typing import Annotated

import msgspec
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.http import HttpRequest
from django.utils import timezone
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access import second_factor, selectors, tokens
from access.addresses import client_address
from access.errors import CodeMissing, CodeWrong, CredentialsWrong, PasswordGiven, SignInBusy, TokenRefused, TooManyAttempts
from access.keyring import keyring
from access.models import User
from access.rest import ANYONE, SIGNED_IN, Endpoint, OpenEndpoint, operation, read_body, user_of
from access.selectors import KeySet, Profile
from access.signed_tokens import ACCESS_VALID

Code = Annotated[str, Meta(min_length=1, max_length=20, description="Six digits of an app, or a recovery code; each counts once.")]
Token = Annotated[str, Meta(min_length=1, max_length=2000)]


class Credentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants to sign in; `otp` is the code of those who enrolled in a second factor."""

    username: Annotated[str, Meta(min_length=1, max_length=150)]
    password: Annotated[str, Meta(min_length=1, max_length=500)]
    otp: Code | None = None


class RefreshToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refresh token as it was given."""

    refresh_token: Token


class GivenTokens(msgspec.Struct, frozen=True, kw_only=True):
    """An access token for the next minutes, and a refresh token that gets the next pair, once."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    refresh_expires_at: Annotated[datetime, Meta(tz=True)]


class SignIn(OpenEndpoint):
    """`auth/token`."""

    needs = {"POST": ANYONE}

    @operation(
        id="auth_token",
        summary="Sign in",
        tag="auth",
        body=Credentials,
        answers={200: GivenTokens},
        is_open=True,
        refuses=(CredentialsWrong, CodeMissing, CodeWrong, PasswordGiven, TooManyAttempts, SignInBusy),
    )
    def post(self, request: Request) -> Response:
        """Give tokens for user name, password and, of who has a second factor, its code; after five failures an address has to wait."""
        given = read_body(request, Credentials)
        plain = request._request  # noqa: SLF001  # what guards sign-ins marks Django's request, not DRF's
        user = _proved(plain, given)
        issued = tokens.issue(user=user, now=timezone.now())
        vars(plain).pop("session", None)  # what keeps the list of sign-ins would begin one, cookie and all
        user_logged_in.send(sender=User, request=plain, user=user)
        return _given(issued)


class Refresh(OpenEndpoint):
    """`auth/refresh`."""

    needs = {"POST": ANYONE}

    @operation(
        id="auth_refresh",
        summary="Renew tokens",
        tag="auth",
        body=RefreshToken,
        answers={200: GivenTokens},
        is_open=True,
        refuses=(TokenRefused,),
    )
    def post(self, request: Request) -> Response:
        """Give the next pair of tokens. A refresh token counts once: used twice, it ends every token of the sign-in it came from.

        An answer that was lost may be asked for again within ten seconds, from the same address: it is the same answer.
        """
        token, client = read_body(request, RefreshToken).refresh_token, client_address(request._request)  # noqa: SLF001  # DRF wraps it
        return _given(tokens.refresh(token=token, client=client, now=timezone.now()))


class SignOut(OpenEndpoint):
    """`auth/logout`."""

    needs = {"POST": ANYONE}

    @operation(
        id="auth_logout", summary="Sign out", tag="auth", body=RefreshToken, answers={204: None}, is_open=True, refuses=(TokenRefused,)
    )
    def post(self, request: Request) -> Response:
        """End every token of this sign-in, at once."""
        tokens.end(token=read_body(request, RefreshToken).refresh_token, now=timezone.now())
        return Response(status=204)


class Me(Endpoint):
    """`me`."""

    needs = {"GET": SIGNED_IN}

    @operation(id="me", summary="Who am I, and what may I do?", tag="auth", answers={200: Profile})
    def get(self, request: Request) -> Response:
        """Show the user of the token as the bank knows them now."""
        return Response(selectors.profile(user=user_of(request)))


class PublicKeys(OpenEndpoint):
    """`/.well-known/jwks.json`."""

    needs = {"GET": ANYONE}

    @operation(id="public_keys", summary="The keys that sign tokens (RFC 7517)", tag="auth", answers={200: KeySet}, is_open=True)
    def get(self, request: Request) -> Response:  # noqa: ARG002  # Django passes it
        """Show every public key whose tokens count."""
        return Response(selectors.key_set(keyring=keyring()), headers={"Cache-Control": "max-age=60"})


def _proved(request: HttpRequest, given: Credentials) -> User:
    """Return who it is, proved by all they sign in with; raises CredentialsWrong, CodeMissing, CodeWrong, PasswordGiven."""
    user = authenticate(request, username=given.username, password=given.password)
    if not isinstance(user, User):
        raise CredentialsWrong
    if second_factor.has_second_factor(user):
        if given.otp is None:
            raise CodeMissing
        if not second_factor.is_right(user=user, code=given.otp):
            user_login_failed.send(sender=__name__, credentials={"username": given.username}, request=request)
            raise CodeWrong
    if user.password_given:
        raise PasswordGiven
    return user


def _given(issued: tokens.Tokens) -> Response:
    given = GivenTokens(
        access_token=issued.access,
        token_type="Bearer",  # noqa: S106  # the scheme, no secret
        expires_in=int(ACCESS_VALID.total_seconds()),
        refresh_token=issued.refresh,
        refresh_expires_at=issued.refresh_expires_at,
    )
    return Response(given, headers={"Cache-Control": "no-store"})
