"""The tokens themselves: which claims they carry, who signs them, and when one is ours and of this time."""

import re
from datetime import datetime, timedelta
from typing import Any, Literal, Self
from uuid import UUID, uuid5

import jwt
import msgspec
from jwt.algorithms import OKPAlgorithm
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenBackendError, TokenError
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import Token

from access.keyring import keyring
from access.site import this_bank

ACCESS_VALID = timedelta(minutes=5)
REFRESH_VALID = timedelta(hours=8)  # a working day without a word
LEEWAY = timedelta(seconds=10)  # by which the clocks of this bank's servers may differ
OVER = "is over"
_LONGEST = 2_000
_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]", re.ASCII)  # RFC 7515; 64 bytes of signature have exactly one spelling


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
        super().__init__("EdDSA", leeway=LEEWAY)
        self._jws = jwt.PyJWS(algorithms=[])
        self._jws.register_algorithm("EdDSA", KeyringAlgorithm())

    def encode(self, payload: dict[str, Any]) -> str:
        """Return the signed token; raises what the keyring raises."""
        claims = dict(payload)
        headers = {"typ": claims.pop("typ"), "kid": keyring().current_key_id()}
        return self._jws.encode(msgspec.json.encode(claims), headers["kid"], algorithm=self.algorithm, headers=headers)

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002  # simplejwt's signature
        """Return the claims of a token a key of ours signed; raises TokenBackendError."""
        if not verify:
            raise TokenBackendError("is read only with its signature")
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
    def given(cls, sign_in: OutstandingToken, *, jti: str, now: datetime) -> Self:
        """Return a token of a sign-in, which it never outlives; the same id and time give the same token."""
        token, bank = cls(now=now), this_bank().code
        token.payload |= {"iss": bank, "aud": bank, "sub": str(sign_in.user_id), "sid": sign_in.jti, "jti": jti}
        token.set_exp(lifetime=min(cls.lifetime, sign_in.expires_at - now))
        return token

    def verify(self) -> None:
        """Refuse what is not made here, for this use, and of this moment; raises TokenError."""
        try:
            claims = msgspec.convert(self.payload, Claims)
        except msgspec.ValidationError as error:
            raise TokenError("has claims we never give") from error
        code, second, leeway = this_bank().code, int(self._now.timestamp()), int(LEEWAY.total_seconds())
        if claims.iss != code or claims.aud != code:
            raise TokenError("is another bank's")
        if claims.iat > second + leeway or not claims.iat < claims.exp <= claims.iat + self.lifetime.total_seconds():
            raise TokenError("has times we never give")
        if claims.exp <= second - leeway:
            raise ExpiredTokenError(OVER)
        super().verify()


class AccessToken(BankToken):
    """Opens the door for some minutes."""

    token_type = "at+jwt"  # noqa: S105  # a kind, no secret
    lifetime = ACCESS_VALID


class RefreshToken(BankToken):
    """Gets the next pair, once: it stands in simplejwt's table until it is over, and is blacklisted when it was used."""

    token_type = "rt+jwt"  # noqa: S105  # a kind, no secret
    lifetime = REFRESH_VALID

    def outstand(self, *, client: str = "") -> OutstandingToken:
        """Enter this new token in the table without its text: a copy of the table must let nobody in.

        In the text's place stands a digest of the client it was given to.
        """
        times = {"created_at": self._now, "expires_at": self._now + REFRESH_VALID}
        return OutstandingToken.objects.create(jti=self["jti"], user_id=int(self["sub"]), token=client, **times)


def id_after(jti: str, *, use: str) -> str:
    """Return the id of the token that follows from a token of this id, always the same for the same use."""
    return uuid5(UUID(hex=jti), use).hex
