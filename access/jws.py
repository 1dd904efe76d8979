"""Signed tokens on the wire (RFC 7515 compact, RFC 7519): one algorithm, one shape, nothing a sender may choose."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from enum import Enum
from typing import Literal
from uuid import UUID

import msgspec

from access.errors import TokenRefused
from access.keyring import Keyring

_LONGEST = 2_000


class Use(Enum):
    """What a token is for: `typ` of its header (RFC 9068), so that one can never stand for the other."""

    ACCESS = "at+jwt"
    REFRESH = "rt+jwt"


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header: no other algorithm, and no key of the sender's own (jwk, jku, x5c)."""

    kid: str
    typ: Use
    alg: Literal["EdDSA"]


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who it is and until when, in whole seconds: `sub` the user, `sid` the token family, `turn` the refresh token's place in it."""

    iss: str
    aud: str
    sub: str
    sid: UUID
    turn: int
    iat: int
    exp: int


def encode(*, claims: Claims, use: Use, keyring: Keyring) -> str:
    """Return the signed token."""
    header = Header(kid=keyring.current_key_id(), typ=use, alg="EdDSA")
    signed = _text(msgspec.json.encode(header)) + b"." + _text(msgspec.json.encode(claims))
    return (signed + b"." + _text(keyring.sign(signed))).decode()


def decode(*, token: str, use: Use, keyring: Keyring) -> Claims:
    """Return what a token says whose signature is ours; whether it still counts is for the caller to judge. Raises TokenRefused."""
    if len(token) > _LONGEST or not token.isascii() or token.count(".") != 2:
        raise TokenRefused(why="is no token of ours")
    signed, _, signature = token.rpartition(".")
    head, _, body = signed.partition(".")
    try:
        header = msgspec.json.decode(_bytes(head), type=Header)
        if header.typ is not use:
            raise TokenRefused(why="is meant for something else")
        if not keyring.is_signed(key_id=header.kid, value=signed.encode(), signature=_bytes(signature)):
            raise TokenRefused(why="is not signed by a key of this bank")
        return msgspec.json.decode(_bytes(body), type=Claims)
    except (msgspec.DecodeError, NotBase64, UnicodeDecodeError) as error:
        raise TokenRefused(why="is malformed") from error


def _text(value: bytes) -> bytes:
    return urlsafe_b64encode(value).rstrip(b"=")


def _bytes(text: str) -> bytes:
    """Decode base64url without padding, of which there is exactly one spelling."""
    value = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _text(value).decode() != text:
        raise NotBase64("another spelling")
    return value
