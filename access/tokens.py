"""Tokens: given for a password, renewed by turns, ended by leaving or by a copy in somebody else's hands."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from access import audit
from access.errors import TokenRefused
from access.jws import Claims, Use, decode, encode
from access.keyring import keyring
from access.models import TokenFamily, User
from access.site import this_bank

ACCESS_VALID = timedelta(minutes=5)
REFRESH_VALID = timedelta(hours=8)  # a working day without a word
FAMILY_VALID = timedelta(days=30)  # however often it was renewed
_OVER = "is over"


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a client holds after signing in."""

    access: str
    refresh: str
    refresh_expires_at: datetime


def issue(*, user: User, now: datetime) -> Tokens:
    """Begin a family for a user whose password was checked; return its first tokens. Raises what the keyring raises."""
    family = TokenFamily(user=user, turn=0, created_at=now, expires_at=now + REFRESH_VALID)
    tokens = _tokens(family, now=now)
    family.save(force_insert=True)
    return tokens


def refresh(*, token: str, now: datetime) -> Tokens:
    """Return the next tokens of the family for its current refresh token, once; raises TokenRefused.

    A token used before is in two hands, and nobody knows which is the owner's: it ends the family.
    """
    claims = _read(token, use=Use.REFRESH, now=now)
    with transaction.atomic():
        family = _living(claims, now=now, lock=True)
        is_copy = claims.turn != family.turn
        if is_copy:
            _end(family, why="refresh-token-used-twice", now=now)
        else:
            family.turn, family.expires_at = family.turn + 1, min(now + REFRESH_VALID, family.created_at + FAMILY_VALID)
            tokens = _tokens(family, now=now)
            TokenFamily.objects.filter(pk=family.pk).update(turn=family.turn, expires_at=family.expires_at)
    if is_copy:  # only now: the end of the family must be committed before it is told
        raise TokenRefused(why="was used before, so all tokens of this sign-in have ended")
    return tokens


def end(*, token: str, now: datetime) -> None:
    """End the family of a refresh token; one that ended before stays so. Raises TokenRefused for no token of ours."""
    claims = _read(token, use=Use.REFRESH, now=now)
    with transaction.atomic():
        family = TokenFamily.objects.select_for_update(no_key=True).filter(pk=claims.sid, ended_at__isnull=True).first()
        if family is not None:
            _end(family, why="signed-out", now=now)


def user_of(*, token: str, now: datetime) -> User:
    """Return whom an access token speaks for, as the user is now: disabled, or signed out, counts at once. Raises TokenRefused."""
    return _living(_read(token, use=Use.ACCESS, now=now), now=now).user


def delete_over(*, now: datetime, limit: int = 1_000) -> int:
    """Delete families that are over; return how many."""
    over = TokenFamily.objects.filter(expires_at__lt=now).order_by("expires_at", "id").values_list("id", flat=True)[:limit]
    return TokenFamily.objects.filter(id__in=list(over)).delete()[0]


def _read(token: str, *, use: Use, now: datetime) -> Claims:
    """Return the claims of a token that is ours, made for us, and of this moment."""
    claims = decode(token=token, use=use, keyring=keyring())
    code = this_bank().code
    if claims.iss != code or claims.aud != code:
        raise TokenRefused(why="is another bank's")
    second = int(now.timestamp())
    longest = ACCESS_VALID if use is Use.ACCESS else REFRESH_VALID
    if claims.iat > second or not claims.iat < claims.exp <= claims.iat + longest.total_seconds():
        raise TokenRefused(why="has times we never give")
    if claims.exp <= second:
        raise TokenRefused(why=_OVER)
    return claims


def _living(claims: Claims, *, now: datetime, lock: bool = False) -> TokenFamily:
    """Return the family the claims name, with its user, when both still count."""
    families = TokenFamily.objects.select_related("user__client")
    if lock:
        families = families.select_for_update(no_key=True, of=("self",))
    family = families.filter(pk=claims.sid).first()
    if family is None or family.ended_at or family.expires_at <= now or str(family.user_id) != claims.sub or not family.user.is_active:
        raise TokenRefused(why=_OVER)
    return family


def _tokens(family: TokenFamily, *, now: datetime) -> Tokens:
    return Tokens(
        access=_token(family, Use.ACCESS, now=now, until=min(now + ACCESS_VALID, family.expires_at)),
        refresh=_token(family, Use.REFRESH, now=now, until=family.expires_at),
        refresh_expires_at=family.expires_at,
    )


def _token(family: TokenFamily, use: Use, *, now: datetime, until: datetime) -> str:
    """Sign a token that says who and until when, and nothing of what its owner may do: that is looked up each time."""
    code, issued = this_bank().code, int(now.timestamp())
    exp = int(until.timestamp())
    claims = Claims(iss=code, aud=code, sub=str(family.user_id), sid=family.pk, turn=family.turn, iat=issued, exp=exp)
    return encode(claims=claims, use=use, keyring=keyring())


def _end(family: TokenFamily, *, why: str, now: datetime) -> None:
    TokenFamily.objects.filter(pk=family.pk).update(ended_at=now)
    audit.record(actor=family.user, action="tokens.ended", subject=f"user:{family.user_id}", reason=why, now=now)
