"""Secrets at rest: sealed with a key made of SECRET_KEY, so that a copy of the database signs nothing (docs/decisions/0012)."""

import secrets
from contextlib import suppress
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE_BYTES = 12


def seal(secret: str, *, of: UUID) -> bytes:
    """Return the secret of an endpoint as it may be stored."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + _cipher(settings.SECRET_KEY).encrypt(nonce, secret.encode(), of.bytes)


def unseal(sealed: bytes, *, of: UUID) -> str:
    """Return the secret that was stored with an endpoint; raises InvalidTag when no SECRET_KEY, current or fallback, sealed it so."""
    nonce, kept = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    keys: list[str] = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    for key in keys:
        with suppress(InvalidTag):
            return _cipher(key).decrypt(nonce, kept, of.bytes).decode()
    raise InvalidTag


@lru_cache(maxsize=8)
def _cipher(key: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"dbs-webhook-secrets-v1").derive(key.encode())
    return AESGCM(derived)
