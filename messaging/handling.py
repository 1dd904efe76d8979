"""How an app takes part in the conversation between banks: one handler for each type of message."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from messaging.envelope import Envelope, Received
from messaging.errors import Unreadable

T = TypeVar("T")
Read_co = TypeVar("Read_co", covariant=True)


class Reads(Protocol[Read_co]):
    """Decodes the data of a verified message; raises Unreadable with a stable reason for what cannot be decided at all."""

    def __call__(self, *, data: msgspec.Raw, version: int, envelope: Envelope) -> Read_co:
        """Return the data; `version` may be one that is not known yet."""


class Handles(Protocol[T]):
    """Lets messages have their effect inside the consumer's transaction: repeatable, because every message may come again."""

    def __call__(self, *, received: Sequence[Received[T]], now: datetime) -> None:
        """Handle the messages in order, with a number of statements that does not depend on how many they are."""


@dataclass(frozen=True, kw_only=True)
class Handler(Generic[T]):
    """What to do with a type of message; `size` is how many items (transfers) the data holds.

    `of_head_bank` says that only the head bank's word counts; without it, only that of a bank of the directory.
    """

    read: Reads[T]
    handle: Handles[T]
    size: Callable[[T], int]
    of_head_bank: bool = False


Handlers = Mapping[str, Handler[Any]]  # by type without its version


def _none(_: object) -> Iterable[datetime]:
    """Return no moments."""
    return ()


def reading(type_: type[T], *, moments: Callable[[T], Iterable[datetime]] = _none) -> Reads[T]:
    """Return what reads version 1 of a message strictly, its `moments` included: nothing is owed to one that does not fit."""
    decoder = msgspec.json.Decoder(type_)

    def read(*, data: msgspec.Raw, version: int, envelope: Envelope) -> T:  # noqa: ARG001  # as the table asks
        if version != 1:
            raise Unreadable("unknown-version", f"version {version}")
        try:
            decoded = decoder.decode(data)
        except msgspec.ValidationError as error:
            raise Unreadable("undecodable", str(error)) from error
        if strange := [moment for moment in moments(decoded) if not can_be_kept(moment)]:
            raise Unreadable("undecodable", f"no moment that can be kept: {strange[0].isoformat()}")
        return decoded

    return read


def can_be_kept(moment: datetime) -> bool:
    """Return whether the moment exists in every zone: at the ends of the calendar databases and Python part ways about it."""
    return MINYEAR < moment.year < MAXYEAR
