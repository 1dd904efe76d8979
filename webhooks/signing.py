"""Signatures as receivers know them (Standard Webhooks 1.0): HMAC-SHA256 over id, timestamp and body."""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

_PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """Return a secret as its receiver keeps it."""
    return _PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def headers(*, name: str, body: bytes, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """Return the headers of one attempt: the id is the delivery's for ever, the time is the attempt's, each secret signs."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join([name.encode(), timestamp.encode(), body])
    signatures = [b64encode(hmac.digest(_key(secret), signed, sha256)).decode() for secret in secrets]
    return {
        "webhook-id": name,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _key(secret: str) -> bytes:
    return b64decode(secret.removeprefix(_PREFIX))
