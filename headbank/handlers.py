"""Which service answers which message from a bank."""

from typing import TypeVar

import msgspec

from headbank import services
from messaging.envelope import Envelope
from messaging.errors import Unreadable
from messaging.events import KeyAnnounced, KeyRetired
from messaging.handling import Handler, Handlers, Reads

T = TypeVar("T")


def reading(type_: type[T]) -> Reads[T]:
    """Return what reads version 1 of a message strictly: nothing is owed to one that does not fit."""

    def read(*, data: msgspec.Raw, version: int, envelope: Envelope) -> T:  # noqa: ARG001  # as the table asks
        if version != 1:
            raise Unreadable("unknown-version", f"version {version}")
        try:
            return msgspec.json.decode(data, type=type_)
        except msgspec.ValidationError as error:
            raise Unreadable("undecodable", str(error)) from error

    return read


HANDLERS: Handlers = {
    "keys.announced": Handler(read=reading(KeyAnnounced), handle=services.receive_keys, size=lambda _: 1),
    "keys.retired": Handler(read=reading(KeyRetired), handle=services.receive_retirements, size=lambda _: 1),
}
