"""What is delivered: an event as `GET /events` tells it, with its type, its time and its number."""

from datetime import datetime

import msgspec

from transfers.api.events import EventShown
from transfers.stream import Streamed

TEST = "webhook.test"
_PREFIX = "transfer."


class Letter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a delivery. `sequence` rises by one with each delivery to an endpoint: it tells the order, and what is missing."""

    type: str
    timestamp: datetime
    sequence: int
    data: EventShown | None = None


def type_of(event: Streamed) -> str:
    """Return what an event is called where it is delivered."""
    return _PREFIX + event.type


def of(event: Streamed, *, sequence: int) -> str:
    """Return the body that tells an event."""
    return _written(Letter(type=type_of(event), timestamp=event.at, sequence=sequence, data=EventShown.of(event)))


def test(*, sequence: int, now: datetime) -> str:
    """Return the body of a test."""
    return _written(Letter(type=TEST, timestamp=now, sequence=sequence))


def _written(letter: Letter) -> str:
    return msgspec.json.encode(letter).decode()
