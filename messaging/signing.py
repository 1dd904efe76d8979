"""Ed25519: key files, signatures under a domain, key ids."""

import hashlib
import os
from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from messaging.broker import Headers
from messaging.errors import KeyFileUnusable

SIGNATURE, KEY_ID = "signature", "key-id"  # the headers a signature travels in


class Domain(Enum):
    """What a signature is about, so that one can never stand for the other."""

    MESSAGE = b"dbs-message-v1\0"
    DIRECTORY = b"dbs-directory-v1\0"
    APPLICATION = b"dbs-application-v1\0"
    KEY = b"dbs-key-v1\0"
    TOKEN = b""  # a JWS brings its own (RFC 7515): what is signed begins with base64 text, which none of the others does


class SigningKey:
    """A private key in memory. It shows itself only as its public half."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key = private.public_key().public_bytes_raw().hex()
        self.key_id = key_id_of(public_key=self.public_key)

    def sign(self, *, domain: Domain, value: bytes) -> bytes:
        """Return the 64 bytes of the signature over the domain and the exact value."""
        return self._private.sign(domain.value + value)

    def headers(self, *, domain: Domain, value: bytes) -> Headers:
        """Return the headers that vouch for the value."""
        return ((SIGNATURE, self.sign(domain=domain, value=value)), (KEY_ID, self.key_id.encode()))


def generate() -> SigningKey:
    """Return a new key that exists nowhere else yet."""
    return SigningKey(Ed25519PrivateKey.generate())


def key_id_of(*, public_key: str) -> str:
    """Return the first 16 hex digits of the SHA-256 of the public key's 32 bytes."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:16]


def is_signed(*, public_key: str, domain: Domain, value: bytes, signature: bytes) -> bool:
    """Return whether the holder of the key (32 bytes in hex) signed the value under this domain."""
    try:
        _public(public_key).verify(signature, domain.value + value)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=1024)
def _public(public_key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))


def create_key_file(*, file: Path) -> SigningKey:
    """Write a new key as PEM (PKCS#8) that only its owner can read, its public half beside it; raise KeyFileUnusable where one exists."""
    private = Ed25519PrivateKey.generate()
    key = SigningKey(private)
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.") as unfinished:
            unfinished.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            unfinished.flush()
            os.fsync(unfinished.fileno())
            os.link(unfinished.name, file)  # whole or not at all: a relay looks for its next key several times a second
    except OSError as error:
        raise KeyFileUnusable(file=str(file), why=error.strerror) from error
    public_file(file).write_text(key.public_key + "\n")
    return key


def public_file(file: Path) -> Path:
    """Return where the public half of a key file lies."""
    return file.with_name(file.name + ".pub")


def load_key_file(*, file: Path) -> SigningKey:
    """Return the key of a file; raise KeyFileUnusable."""
    refused = _refused(file)
    try:
        mode = file.stat().st_mode
        pem = file.read_bytes()
    except OSError as error:
        raise refused(error.strerror or "cannot be read") from error
    if mode & 0o077:
        raise refused("others than its owner may read it; chmod 600")
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise refused("is not a private key in PEM") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise refused("is not an Ed25519 key")
    return SigningKey(private)


def _refused(file: Path) -> Callable[[str], KeyFileUnusable]:
    return lambda why: KeyFileUnusable(file=str(file), why=why)
