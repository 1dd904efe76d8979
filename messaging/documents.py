"""A signed document that travels by itself, as a file or over HTTP: the exact bytes, their signature, and which key made it."""

import base64
from dataclasses import dataclass
from typing import Annotated

import msgspec

from messaging.signing import Domain, SigningKey


@dataclass(frozen=True, kw_only=True)
class Document:
    """What was signed, and by which key; whoever takes it judges both."""

    value: bytes
    signature: bytes
    key_id: str


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A signed document as a file or over HTTP: the exact bytes in base64, their signature in hex, and which key made it."""

    key_id: Annotated[str, msgspec.Meta(max_length=16)]
    signature: Annotated[str, msgspec.Meta(max_length=128)]
    value: Annotated[str, msgspec.Meta(max_length=1_500_000)]


def sign(*, value: bytes, key: SigningKey, domain: Domain) -> Document:
    """Return the value under the key's signature."""
    return Document(value=value, signature=key.sign(domain=domain, value=value), key_id=key.key_id)


def pack(document: Document) -> bytes:
    """Return the document as the bytes of a file."""
    return msgspec.json.format(msgspec.json.encode(file_of(document))) + b"\n"


def unpack(content: bytes) -> Document:
    """Return the document of a file; raise ValueError."""
    return document_of(msgspec.json.decode(content, type=File))


def file_of(document: Document) -> File:
    """Return the document as it is written down."""
    return File(key_id=document.key_id, signature=document.signature.hex(), value=base64.b64encode(document.value).decode())


def document_of(file: File) -> Document:
    """Return what was written down; raise ValueError."""
    return Document(value=base64.b64decode(file.value, validate=True), signature=bytes.fromhex(file.signature), key_id=file.key_id)
