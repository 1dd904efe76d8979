"""The wire contract between the head bank and every bank."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from access.text import SAFE

DIRECTORY_TOPIC = "bank-directory"
DIRECTORY_PUBLISHED = "directory.published.v1"
BANK_APPLIED = "banks.applied.v1"
KEY_ANNOUNCED = "keys.announced.v1"
KEY_RETIRED = "keys.retired.v1"
SETTLEMENT_WINDOW_CLOSED = "settlement.window-closed.v1"
SETTLEMENT_POSITIONS_REPORTED = "settlement.positions-reported.v1"
SETTLEMENT_BOOKED = "settlement.booked.v1"
SETTLEMENT_CONFIRMED = "settlement.confirmed.v1"

BankCode = Annotated[str, Meta(pattern=r"\A[A-Z]{4}\Z")]
Hex32 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
KeyId = Annotated[str, Meta(pattern=r"\A[0-9a-f]{16}\Z")]
Hex64 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{128}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=70, pattern=SAFE)]
Partitions = Annotated[int, Meta(ge=1, le=1024)]
Contact = Annotated[str, Meta(max_length=140, pattern=SAFE)]
Url = Annotated[str, Meta(max_length=200, pattern=r"\A(https?://[^\s\x00-\x1f\x7f]+)?\Z")]
Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
CapMinor = Annotated[int, Meta(ge=0, le=10**17)]


class BankKey(Struct, frozen=True, kw_only=True):
    """An Ed25519 public key (its 32 bytes in hex) that speaks for the bank until revoked."""

    id: KeyId
    public_key: Hex32
    revoked: bool = False


class Bank(Struct, frozen=True, kw_only=True):
    """A bank others may pay: where its letter box is, whose word is its word, and how much it may owe the others together, by currency."""

    code: BankCode
    name: Name
    topic: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]{1,120}\Z")]
    partitions: Partitions
    status: Literal["active", "suspended", "closed"]
    keys: tuple[BankKey, ...]
    debit_caps: dict[Currency, CapMinor] = {}


class DirectoryPublished(Struct, frozen=True, kw_only=True):
    """All banks there are, under a version that only rises."""

    version: Annotated[int, Meta(ge=1, le=2**62)]
    banks: tuple[Bank, ...]


class BankApplied(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bank says of itself when it asks to be registered; the one-time code is how the head bank's staff know it again."""

    code: BankCode
    name: Name
    contact: Contact
    site_url: Url
    api_url: Url
    partitions: Partitions
    public_key: Hex32
    one_time_code: Annotated[str, Meta(min_length=16, max_length=64, pattern=r"\A[A-Za-z0-9_-]*\Z")]


class KeyAnnounced(Struct, frozen=True, kw_only=True):
    """Another key that is to speak for the sender. `proof` is that key's own signature over the sender's code: it has its private half."""

    public_key: Hex32
    proof: Hex64


class KeyRetired(Struct, frozen=True, kw_only=True):
    """A key of the sender that is to speak for it no more."""

    key_id: KeyId


Moment = Annotated[datetime, Meta(tz=True)]
OwedMinor = Annotated[int, Meta(ge=-(10**18), le=10**18)]
MAX_POSITIONS = 5_000


class WindowClosed(Struct, frozen=True, kw_only=True):
    """A settlement window ended at `cut_off_at`: the head bank asks what the receiver owes each other bank by then."""

    window: UUID
    cut_off_at: Moment


class Position(Struct, frozen=True, kw_only=True):
    """What the sender owes `peer` (negative: what it is owed), and the last window it has booked with it."""

    peer: BankCode
    currency: Currency
    amount_minor: OwedMinor
    after: UUID | None = None


class PositionsReported(Struct, frozen=True, kw_only=True):
    """All positions of the sender in a window, as it knew them at `reported_at` of its own clock."""

    window: UUID
    reported_at: Moment
    positions: Annotated[tuple[Position, ...], Meta(max_length=MAX_POSITIONS)]


class Settled(Struct, frozen=True, kw_only=True):
    """What the receiver has paid `peer` by way of the head bank (negative: what it got)."""

    peer: BankCode
    currency: Currency
    amount_minor: OwedMinor


class SettlementBooked(Struct, frozen=True, kw_only=True):
    """The head bank's notice of what it booked for the receiver in a window, pair by pair."""

    window: UUID
    cut_off_at: Moment
    settled: Annotated[tuple[Settled, ...], Meta(min_length=1, max_length=MAX_POSITIONS)]


class SettlementConfirmed(Struct, frozen=True, kw_only=True):
    """The sender has booked what the notice of this window says."""

    window: UUID
