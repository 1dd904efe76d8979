"""Which service answers which message from a bank."""

from headbank import services
from messaging.events import KeyAnnounced, KeyRetired, PositionsReported, SettlementConfirmed
from messaging.handling import Handler, Handlers, reading

_REPORT = 200  # what keeping a report costs, in transfers

HANDLERS: Handlers = {
    "keys.announced": Handler(read=reading(KeyAnnounced), handle=services.receive_keys, size=lambda _: 1),
    "keys.retired": Handler(read=reading(KeyRetired), handle=services.receive_retirements, size=lambda _: 1),
    "settlement.positions-reported": Handler(
        read=reading(PositionsReported, moments=lambda data: [data.reported_at]),
        handle=services.receive_positions,
        size=lambda _: _REPORT,
    ),
    "settlement.confirmed": Handler(read=reading(SettlementConfirmed), handle=services.receive_confirmations, size=lambda _: 1),
}
