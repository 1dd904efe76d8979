"""Where token keys come from: whoever keeps the bank's keys says so in the setting TOKEN_KEYRING."""

from collections.abc import Callable, Mapping
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class Keyring(Protocol):
    """Signs, and knows which keys speak for this bank. A key id is short text, a public key the hex of its 32 bytes (Ed25519)."""

    def sign(self, value: bytes) -> bytes:
        """Return the 64 bytes of the current key's signature; may raise a DomainError where there is no usable key."""

    def current_key_id(self) -> str:
        """Return the id of the key that signs now; raises as `sign`."""

    def is_signed(self, *, key_id: str, value: bytes, signature: bytes) -> bool:
        """Return whether a key that counts, named by its id, signed the value."""

    def public_keys(self) -> Mapping[str, str]:
        """Return the public keys that count, by id."""


def keyring() -> Keyring:
    """Return this bank's keyring."""
    make: Callable[[], Keyring] = import_string(settings.TOKEN_KEYRING)
    return make()
