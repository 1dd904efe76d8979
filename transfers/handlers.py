"""Which service answers which message from another bank."""

from messaging.handling import Handler, Handlers
from transfers import services
from transfers.reading import read_decisions, read_orders

HANDLERS: Handlers = {
    "transfers.requested": Handler(read=read_orders, handle=services.receive_transfers, size=lambda data: len(data.orders)),
    "transfers.cancel-requested": Handler(read=read_orders, handle=services.receive_cancels, size=lambda data: len(data.orders)),
    "transfers.decided": Handler(read=read_decisions, handle=services.settle_transfers, size=lambda data: len(data.decisions)),
}
