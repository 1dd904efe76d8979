"""Which service answers which message from a bank."""

from headbank import services
from messaging.events import KeyAnnounced, KeyRetired
from messaging.handling import Handler, Handlers, reading

HANDLERS: Handlers = {
    "keys.announced": Handler(read=reading(KeyAnnounced), handle=services.receive_keys, size=lambda _: 1),
    "keys.retired": Handler(read=reading(KeyRetired), handle=services.receive_retirements, size=lambda _: 1),
}
