"""The wire contract between the head bank and every bank."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

DIRECTORY_TOPIC = "bank-directory"
DIRECTORY_PUBLISHED = "directory.published.v1"

BankCode = Annotated[str, Meta(pattern=r"\A[A-Z]{4}\Z")]
Hex32 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
KeyId = Annotated[str, Meta(pattern=r"\A[0-9a-f]{16}\Z")]
Printable = r"\A[^\x00-\x1f\x7f]*\Z"


class BankKey(Struct, frozen=True, kw_only=True):
    """An Ed25519 public key (its 32 bytes in hex) that speaks for the bank until revoked."""

    id: KeyId
    public_key: Hex32
    revoked: bool = False


class Bank(Struct, frozen=True, kw_only=True):
    """A bank others may pay: where its letter box is, and whose word is its word."""

    code: BankCode
    name: Annotated[str, Meta(min_length=1, max_length=70, pattern=Printable)]
    topic: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]{1,120}\Z")]
    partitions: Annotated[int, Meta(ge=1, le=1024)]
    status: Literal["active", "suspended", "closed"]
    keys: tuple[BankKey, ...]


class DirectoryPublished(Struct, frozen=True, kw_only=True):
    """All banks there are, under a version that only rises."""

    version: Annotated[int, Meta(ge=1, le=2**62)]
    banks: tuple[Bank, ...]
