"""A signed document that travels by itself, as a file or over HTTP: the exact bytes, their signature, and which key made it."""

import base64
from dataclasses import dataclass

import msgspec

from messaging.signing import Domain, SigningKey


@dataclass(frozen=True, kw_only=True)
class Document:
    """What was signed, and by which key; whoever takes it judges both."""

    value: bytes
    signature: bytes
    key_id: str


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """A document as a file: JSON, because the value is JSON text and a person may want to look."""

    key_id: str
    signature: str
    value: str


def sign(*, value: bytes, key: SigningKey, domain: Domain) -> Document:
    """Return the value under the key's signature."""
    return Document(value=value, signature=key.sign(domain=domain, value=value), key_id=key.key_id)


def pack(document: Document) -> bytes:
    """Return the document as a file."""
    fields = {"key_id": document.key_id, "signature": document.signature.hex(), "value": base64.b64encode(document.value).decode()}
    return msgspec.json.format(msgspec.json.encode(_File(**fields))) + b"\n"


def unpack(content: bytes) -> Document:
    """Return the document of a file; raise ValueError."""
    file = msgspec.json.decode(content, type=_File)
    return Document(value=base64.b64decode(file.value, validate=True), signature=bytes.fromhex(file.signature), key_id=file.key_id)
