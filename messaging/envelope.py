"""The envelope around every message: CloudEvents 1.0, structured mode, JSON."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import msgspec

from messaging.broker import Record
from messaging.errors import Unreadable

T = TypeVar("T")
MAX_VALUE_BYTES = 900_000  # below the 1 MiB at which a broker refuses a record by default
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"\A[\x21-\x7e]+\Z")]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Who says what to whom: `type` ends in a version (`transfers.requested.v1`), `data` is still undecoded."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: Word
    destination: Word
    type: Annotated[str, msgspec.Meta(max_length=60, pattern=r"\A[a-z-]+(\.[a-z-]+)+\.v[1-9][0-9]{0,3}\Z")]
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    data: msgspec.Raw

    @property
    def name(self) -> str:
        """Return the type without its version."""
        return self.type.rpartition(".v")[0]

    @property
    def version(self) -> int:
        """Return the version of the type."""
        return int(self.type.rpartition(".v")[2])


@dataclass(frozen=True, kw_only=True, slots=True)
class Received(Generic[T]):
    """A verified message from another bank, decoded; `record` is where and how it came."""

    id: UUID
    source: str
    destination: str
    type: str
    time: datetime
    data: T
    record: Record


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Envelope)
_anything = msgspec.json.Decoder()


def encode(*, id: UUID, source: str, destination: str, type: str, time: datetime, data: msgspec.Struct) -> bytes:  # noqa: A002  # CloudEvents' names
    """Return the bytes that are signed and sent."""
    raw = msgspec.Raw(_encoder.encode(data))
    return _encoder.encode(Envelope(id=id, source=source, destination=destination, type=type, time=time, data=raw))


def decode(value: bytes) -> Envelope:
    """Return the envelope; raise Unreadable for what is not one, and for JSON that two readers could read differently."""
    try:
        envelope = _decoder.decode(value)
        anything = _anything.decode(value)
        if _encoder.encode(anything) != value:  # not how we write it: a repeated key would hide here
            json.loads(value, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise Unreadable("undecodable", str(error)) from error
    return envelope


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's members; raise ValueError when a name comes twice (RFC 8259 section 4 leaves the meaning open)."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has the same name twice")
    return members
