"""Tokens (simplejwt): given for a password, renewed by turns, ended by leaving or by a copy in somebody else's hands."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Self, TypeVar
from uuid import uuid4

import jwt
import msgspec
from django.db import transaction
from django.db.models import QuerySet
from jwt.algorithms import OKPAlgorithm
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenBackendError, TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import Token

from access import audit
from access.errors import CredentialsWrong, TokenRefused
from access.keyring import keyring
from access.models import User
from access.site import this_bank

ACCESS_VALID = timedelta(minutes=5)
REFRESH_VALID = timedelta(hours=8)  # a working day without a word
SIGN_IN_VALID = timedelta(days=30)  # however often it was renewed
_LONGEST = 2_000
_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]", re.ASCII)  # RFC 7515; 64 bytes of signature have exactly one spelling
_OVER = "is over"


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a client holds after signing in."""

    access: str
    refresh: str
    refresh_expires_at: datetime


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header: no other algorithm, and no key of the sender's own (jwk, jku, x5c). `typ` says what it is for (RFC 9068)."""

    kid: str
    typ: str
    alg: Literal["EdDSA"]


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who it is and until when, in whole seconds: `sub` the user, `sid` the sign-in all its tokens belong to, `jti` this one."""

    iss: str
    aud: str
    sub: str
    sid: str
    jti: str
    iat: int
    exp: int
    typ: str  # moved here from the header, where simplejwt looks for it


class KeyringAlgorithm(OKPAlgorithm):
    """EdDSA by the keyring, which keeps the private key to itself: here a key is its id."""

    def prepare_key(self, key: Any) -> Any:
        """Return the id as it is."""
        return key

    def sign(self, msg: Any, key: Any) -> bytes:  # noqa: ARG002  # only the current key signs
        """Return the signature of the current key."""
        return keyring().sign(msg)

    def verify(self, msg: Any, key: Any, sig: Any) -> bool:
        """Tell whether the key of this id, if it counts, signed this."""
        return keyring().is_signed(key_id=key, value=msg, signature=sig)


class Backend(TokenBackend):
    """Signs with the bank's current key, named by `kid`, and verifies with each that counts; nothing a sender may choose.

    It judges no times: the moment comes from outside, with the token.
    """

    def __init__(self) -> None:
        super().__init__("EdDSA")
        self._jws = jwt.PyJWS(algorithms=[])
        self._jws.register_algorithm("EdDSA", KeyringAlgorithm())

    def encode(self, payload: dict[str, Any]) -> str:
        """Return the signed token; raises what the keyring raises."""
        claims = dict(payload)
        headers = {"typ": claims.pop("typ"), "kid": keyring().current_key_id()}
        return self._jws.encode(msgspec.json.encode(claims), headers["kid"], algorithm=self.algorithm, headers=headers)

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002  # simplejwt's signature
        """Return the claims of a token a key of ours signed; raises TokenBackendError."""
        assert verify, "nobody reads what was not verified"
        text = str(token)
        if len(text) > _LONGEST or not _COMPACT.fullmatch(text):
            raise TokenBackendError("is no token of ours")
        try:
            header = msgspec.convert(self._jws.get_unverified_header(text), Header)
            payload = msgspec.json.decode(self._jws.decode(text, header.kid, algorithms=[self.algorithm]), type=dict[str, Any])
        except (jwt.InvalidTokenError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise TokenBackendError("is not signed by a key of this bank") from error
        if "typ" in payload:
            raise TokenBackendError("says twice what it is for")
        return payload | {"typ": header.typ}


class BankToken(Token):
    """A token of this bank: what simplejwt demands, and exactly the claims we give, within the times we give.

    It says who and until when, and nothing of what its owner may do: that is looked up each time.
    """

    lifetime: timedelta
    _token_backend = Backend()

    def __init__(self, token: Any = None, verify: bool = True, *, now: datetime) -> None:  # noqa: FBT001, FBT002  # simplejwt's signature
        self._now = now
        super().__init__(token, verify)

    @property
    def current_time(self) -> datetime:
        """Return the moment the token is made or judged at; the machine's clock, which simplejwt would set, is not asked."""
        return self._now

    @current_time.setter
    def current_time(self, _: datetime) -> None:
        pass

    @classmethod
    def given(cls, sign_in: OutstandingToken, *, now: datetime) -> Self:
        """Return a new token of a sign-in, which it never outlives."""
        token = cls(now=now)
        bank = this_bank().code
        token.payload |= {"iss": bank, "aud": bank, "sub": str(sign_in.user_id), "sid": sign_in.jti}
        token.set_exp(lifetime=min(cls.lifetime, sign_in.expires_at - now))
        return token

    def verify(self) -> None:
        """Refuse what is not made here, for this use, and of this moment; raises TokenError."""
        try:
            claims = msgspec.convert(self.payload, Claims)
        except msgspec.ValidationError as error:
            raise TokenError("has claims we never give") from error
        code, second = this_bank().code, int(self._now.timestamp())
        if claims.iss != code or claims.aud != code:
            raise TokenError("is another bank's")
        if claims.iat > second or not claims.iat < claims.exp <= claims.iat + self.lifetime.total_seconds():
            raise TokenError("has times we never give")
        if claims.exp <= second:
            raise ExpiredTokenError(_OVER)
        super().verify()


class AccessToken(BankToken):
    """Opens the door for some minutes."""

    token_type = "at+jwt"  # noqa: S105  # a kind, no secret
    lifetime = ACCESS_VALID


class RefreshToken(BankToken):
    """Gets the next pair, once: it stands in simplejwt's table until it is over, and is blacklisted when it was used."""

    token_type = "rt+jwt"  # noqa: S105  # a kind, no secret
    lifetime = REFRESH_VALID

    def outstand(self) -> OutstandingToken:
        """Enter this new token in the table without its text: whoever reads a copy of the table must not be able to use it."""
        times = {"created_at": self._now, "expires_at": self._now + REFRESH_VALID}
        return OutstandingToken.objects.create(jti=self["jti"], user_id=int(self["sub"]), **times)


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
        return _next(sign_in, now=now)


def refresh(*, token: str, now: datetime) -> Tokens:
    """Return the next tokens of the sign-in for its current refresh token, once; raises TokenRefused.

    A token used before is in two hands, and nobody knows which is the owner's: it ends the sign-in.
    """
    old = _read(RefreshToken, token, now=now)
    with transaction.atomic():
        _lock(old["sid"])  # first: what is read next cannot change under us
        sign_in = _living(old, now=now)
        used = OutstandingToken.objects.select_related("blacklistedtoken").filter(jti=old["jti"]).first()
        if used is None:
            raise TokenRefused(why=_OVER)
        if is_copy := _is_blacklisted(used):
            _end(sign_in, why="refresh-token-used-twice", now=now)
        else:
            BlacklistedToken.objects.create(token=used)
            sign_in.expires_at = min(now + REFRESH_VALID, (sign_in.created_at or now) + SIGN_IN_VALID)
            OutstandingToken.objects.filter(pk=sign_in.pk).update(expires_at=sign_in.expires_at)
            tokens = _next(sign_in, now=now)
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
    assert isinstance(user, User), "a sign-in that lives has its user"
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
        raise TokenRefused(why=_OVER if isinstance(error, ExpiredTokenError) else "was not made here for this use") from error


def _lock(sid: str) -> None:
    """Hold a sign-in's row. Alone: a statement that waited would show what it joins as it was before (PostgreSQL)."""
    list(OutstandingToken.objects.select_for_update(no_key=True).filter(jti=sid).order_by().values_list("id"))


def _sign_ins() -> QuerySet[OutstandingToken]:
    """Return sign-ins with their users and whether they were ended."""
    return OutstandingToken.objects.select_related("user__client", "blacklistedtoken").order_by()


def _living(token: BankToken, *, now: datetime) -> OutstandingToken:
    """Return the sign-in a token belongs to, with its user, when both still count."""
    sign_in = _sign_ins().filter(jti=token["sid"]).first()
    if sign_in is None or _is_blacklisted(sign_in) or sign_in.expires_at <= now:
        raise TokenRefused(why=_OVER)
    if sign_in.user is None or str(sign_in.user_id) != token["sub"] or not sign_in.user.is_active:
        raise TokenRefused(why=_OVER)
    return sign_in


def _is_blacklisted(row: OutstandingToken) -> bool:
    return hasattr(row, "blacklistedtoken")


def _next(sign_in: OutstandingToken, *, now: datetime) -> Tokens:
    """Make the next pair of a sign-in."""
    renewal, access = RefreshToken.given(sign_in, now=now), AccessToken.given(sign_in, now=now)
    renewal.outstand()
    return Tokens(access=str(access), refresh=str(renewal), refresh_expires_at=sign_in.expires_at)


def _end(sign_in: OutstandingToken, *, why: str, now: datetime) -> None:
    BlacklistedToken.objects.create(token=sign_in)
    audit.record(actor=sign_in.user, action="tokens.ended", subject=f"user:{sign_in.user_id}", reason=why, now=now)
