"""The keyring of tokens: the bank's own keys for `tokens`, whose private half is the file TOKEN_KEY_FILE."""

import time
from collections.abc import Mapping
from pathlib import Path

from django.utils import timezone

from access.signed_tokens import REFRESH_VALID
from access.site import this_bank
from messaging import selectors, signing
from messaging.errors import KeyFileUnusable
from messaging.signing import Domain, SigningKey

_REMEMBERED_S = 5.0  # how long a key that was just retired for good may still count in another process


class BankKeys:
    """Signs with the key of the file; a key that was replaced counts until the last token it signed is over."""

    def __init__(self) -> None:
        self._bank = this_bank()
        self._signing: SigningKey | None = None

    def sign(self, value: bytes) -> bytes:
        """Return the signature; raises KeyFileUnusable."""
        return self._key().sign(domain=Domain.TOKEN, value=value)

    def current_key_id(self) -> str:
        """Return the id of the file's key; raises KeyFileUnusable."""
        return self._key().key_id

    def is_signed(self, *, key_id: str, value: bytes, signature: bytes) -> bool:
        """Return whether a key that counts signed the value."""
        public_key = _known(bank=self._bank.code, key_id=key_id).get(key_id)
        return public_key is not None and signing.is_signed(public_key=public_key, domain=Domain.TOKEN, value=value, signature=signature)

    def public_keys(self) -> Mapping[str, str]:
        """Return the keys that count, by id."""
        return selectors.own_public_keys(use="tokens", since=timezone.now() - REFRESH_VALID)

    def _key(self) -> SigningKey:
        if self._signing is None:
            file: Path | None = self._bank.token_key_file
            if file is None:
                raise KeyFileUnusable(file="TOKEN_KEY_FILE", why="is not set")
            self._signing = signing.load_key_file(file=file)
        return self._signing


_remembered: dict[str, tuple[float, Mapping[str, str]]] = {}


def _known(*, bank: str, key_id: str) -> Mapping[str, str]:
    """Return the bank's keys as of some seconds ago at most, read anew for a key id that is not among them."""
    until, keys = _remembered.get(bank, (0.0, {}))
    if time.monotonic() > until or key_id not in keys:
        keys = BankKeys().public_keys()
        _remembered[bank] = (time.monotonic() + _REMEMBERED_S, keys)
    return keys
