"""Which service answers which message from another bank."""

from messaging.handling import Handler, Handlers, reading
from transfers import services
from transfers.events import MAX_LISTED, ListRequested, TransfersListed
from transfers.reading import read_decisions, read_orders

LISTED_HANDLER: Handler[TransfersListed] = Handler(
    read=reading(TransfersListed), handle=services.take_list, size=lambda data: len(data.transfers)
)
HANDLERS: Handlers = {
    "transfers.requested": Handler(read=read_orders, handle=services.receive_transfers, size=lambda data: len(data.orders)),
    "transfers.cancel-requested": Handler(read=read_orders, handle=services.receive_cancels, size=lambda data: len(data.orders)),
    "recovery.list-requested": Handler(read=reading(ListRequested), handle=services.answer_list_requests, size=lambda _: MAX_LISTED),
    "recovery.listed": LISTED_HANDLER,
    "transfers.decided": Handler(read=read_decisions, handle=services.settle_transfers, size=lambda data: len(data.decisions)),
}
