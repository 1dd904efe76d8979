"""Tokens (simplejwt): given for a password, renewed by turns, ended by leaving or by a copy in somebody else's hands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from access import audit
from access.errors import CredentialsWrong, TokenRefused
from access.models import User
from access.signed_tokens import LEEWAY, OVER, REFRESH_VALID, AccessToken, BankToken, RefreshToken, id_after

SIGN_IN_VALID = timedelta(days=30)  # however often it was renewed
REPEAT_VALID = timedelta(seconds=10)  # in which a lost answer is asked for again, or a second thread asks


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a client holds after signing in."""

    access: str
    refresh: str
    refresh_expires_at: datetime


AnyToken = TypeVar("AnyToken", bound=BankToken)


def issue(*, user: User, now: datetime) -> Tokens:
    """Begin a sign-in with a password that was checked; return its first tokens. Raises CredentialsWrong, and what the keyring raises.

    A sign-in stands in simplejwt's table beside its refresh tokens, under its own id: from its beginning until its last token is over,
    blacklisted when it ended before. Whoever renews or ends it holds its row.
    """
    with transaction.atomic():
        proved = User.objects.filter(pk=user.pk, password=user.password, is_active=True)
        if not proved.select_for_update(no_key=True):  # who gives another password did so before, or waits and ends this sign-in too
            raise CredentialsWrong
        sign_in = OutstandingToken.objects.create(jti=uuid4().hex, user=user, created_at=now, expires_at=now + REFRESH_VALID)
        return _next(sign_in, jti=uuid4().hex, client="", now=now)


def refresh(*, token: str, client: str = "", now: datetime) -> Tokens:
    """Return the next tokens of the sign-in for its current refresh token, once; raises TokenRefused.

    For REPEAT_VALID the same `client` (the address it asks from) gets the same answer again, as long as nobody has used it.
    Else a token used before is in two hands, and nobody knows which is the owner's: it ends the sign-in.
    """
    old, asker = _read(RefreshToken, token, now=now), sha256(client.encode()).hexdigest()
    with transaction.atomic():
        _lock(old["sid"])  # first: what is read next cannot change under us
        sign_in = _living(old, now=now)
        used = OutstandingToken.objects.select_related("blacklistedtoken").filter(jti=old["jti"]).first()
        if used is None:
            raise TokenRefused(why=OVER)
        given = _given_before(used, client=asker, now=now) if _is_blacklisted(used) else None
        if is_copy := _is_blacklisted(used) and given is None:
            _end(sign_in, why="refresh-token-used-twice", now=now)
        elif given is not None:
            tokens = _pair(sign_in, jti=given.jti, now=given.created_at or now)[0]
        else:
            BlacklistedToken.objects.create(token=used)
            sign_in.expires_at = min(now + REFRESH_VALID, (sign_in.created_at or now) + SIGN_IN_VALID)
            OutstandingToken.objects.filter(pk=sign_in.pk).update(expires_at=sign_in.expires_at)
            tokens = _next(sign_in, jti=id_after(used.jti, use="renewal"), client=asker, now=now)
    if is_copy:  # only now: the end of the sign-in must be committed before it is told
        raise TokenRefused(why="was used before, so all tokens of this sign-in have ended")
    return tokens


def end(*, token: str, now: datetime) -> None:
    """End the sign-in of a refresh token; one that ended before stays so. Raises TokenRefused for no token of ours."""
    sid = _read(RefreshToken, token, now=now)["sid"]
    with transaction.atomic():
        _lock(sid)
        sign_in = _sign_ins().filter(jti=sid).first()
        if sign_in is not None and not _is_blacklisted(sign_in):
            _end(sign_in, why="signed-out", now=now)


def end_all(*, user: User, why: str, now: datetime) -> int:
    """End every sign-in of a user with all its tokens, inside the caller's transaction; return how many rows that were."""
    rows = OutstandingToken.objects.filter(user=user, expires_at__gt=now).order_by("id").select_for_update(no_key=True)
    held = [row.pk for row in rows]  # first: what is read next cannot change under us
    living = OutstandingToken.objects.filter(pk__in=held, blacklistedtoken=None)
    ended = len(BlacklistedToken.objects.bulk_create([BlacklistedToken(token=row) for row in living]))
    if ended:
        audit.record(actor=user, action="tokens.ended", subject=f"user:{user.pk}", reason=why, now=now)
    return ended


def read_access(*, token: str, now: datetime) -> AccessToken:
    """Return an access token that is ours and of this moment, whoever it speaks for; raises TokenRefused."""
    return _read(AccessToken, token, now=now)


def user_of(*, token: AccessToken, now: datetime) -> User:
    """Return whom an access token speaks for, as the user is now: disabled, or signed out, counts at once. Raises TokenRefused."""
    user = _living(token, now=now).user
    if not isinstance(user, User):
        raise TokenRefused(why=OVER)
    return user


def delete_over(*, now: datetime, limit: int = 1_000) -> int:
    """Delete sign-ins and refresh tokens that are over, used or not; return how many."""
    over = list(OutstandingToken.objects.filter(expires_at__lt=now).order_by("expires_at", "id").values_list("id", flat=True)[:limit])
    OutstandingToken.objects.filter(id__in=over).delete()
    return len(over)


def _read(kind: type[AnyToken], token: str, *, now: datetime) -> AnyToken:
    """Return a token that is ours, for this use, and of this moment."""
    try:
        return kind(token, now=now)
    except TokenError as error:
        raise TokenRefused(why=OVER if isinstance(error, ExpiredTokenError) else "was not made here for this use") from error


def _lock(sid: str) -> None:
    """Hold a sign-in's row. Alone: a statement that waited would show what it joins as it was before (PostgreSQL)."""
    list(OutstandingToken.objects.select_for_update(no_key=True).filter(jti=sid).order_by().values_list("id"))


def _sign_ins() -> QuerySet[OutstandingToken]:
    """Return sign-ins with their users and whether they were ended."""
    return OutstandingToken.objects.select_related("user__client", "blacklistedtoken").order_by()


def _living(token: BankToken, *, now: datetime) -> OutstandingToken:
    """Return the sign-in a token belongs to, with its user, when both still count."""
    sign_in = _sign_ins().filter(jti=token["sid"]).first()
    if sign_in is None or _is_blacklisted(sign_in) or sign_in.expires_at <= now - LEEWAY:
        raise TokenRefused(why=OVER)
    if sign_in.user is None or str(sign_in.user_id) != token["sub"] or not sign_in.user.is_active:
        raise TokenRefused(why=OVER)
    return sign_in


def _is_blacklisted(row: OutstandingToken) -> bool:
    return hasattr(row, "blacklistedtoken")


def _given_before(used: OutstandingToken, *, client: str, now: datetime) -> OutstandingToken | None:
    """Return the refresh token that a used one got, where the client may ask for it once more and nobody has used it."""
    rows = OutstandingToken.objects.filter(jti=id_after(used.jti, use="renewal"), token=client, blacklistedtoken=None)
    given = rows.first()
    return given if given is not None and given.created_at and now - given.created_at <= REPEAT_VALID else None


def _next(sign_in: OutstandingToken, *, jti: str, client: str, now: datetime) -> Tokens:
    """Make the next pair of a sign-in; `jti` is its refresh token's."""
    tokens, renewal = _pair(sign_in, jti=jti, now=now)
    renewal.outstand(client=client)
    return tokens


def _pair(sign_in: OutstandingToken, *, jti: str, now: datetime) -> tuple[Tokens, RefreshToken]:
    """Sign a pair of a sign-in; who asks for the same pair gets the same texts, which are kept nowhere."""
    renewal = RefreshToken.given(sign_in, jti=jti, now=now)
    access = AccessToken.given(sign_in, jti=id_after(jti, use="access"), now=now)
    return Tokens(access=str(access), refresh=str(renewal), refresh_expires_at=sign_in.expires_at), renewal


def _end(sign_in: OutstandingToken, *, why: str, now: datetime) -> None:
    BlacklistedToken.objects.create(token=sign_in)
    audit.record(actor=sign_in.user, action="tokens.ended", subject=f"user:{sign_in.user_id}", reason=why, now=now)
