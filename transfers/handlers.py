"""Which service answers which message from another bank."""

from messaging.events import SettlementBooked, WindowClosed
from messaging.handling import Handler, Handlers, reading
from transfers import services
from transfers.events import MAX_LISTED, ListRequested, TransfersListed
from transfers.reading import read_comparisons, read_decisions, read_orders, read_totals

_SPAN = 100  # what reading a span costs, in transfers

LISTED_HANDLER: Handler[TransfersListed] = Handler(
    read=reading(TransfersListed, moments=lambda data: [said.decided_at for said in data.transfers if said.decided_at]),
    handle=services.take_list,
    size=lambda data: len(data.transfers),
)
HANDLERS: Handlers = {
    "transfers.requested": Handler(read=read_orders, handle=services.receive_transfers, size=lambda data: len(data.orders)),
    "transfers.cancel-requested": Handler(read=read_orders, handle=services.receive_cancels, size=lambda data: len(data.orders)),
    "recovery.list-requested": Handler(
        read=reading(ListRequested, moments=lambda data: [data.since]), handle=services.answer_list_requests, size=lambda _: MAX_LISTED
    ),
    "recovery.listed": LISTED_HANDLER,
    "transfers.decided": Handler(read=read_decisions, handle=services.settle_transfers, size=lambda data: len(data.decisions)),
    "transfers.totalled": Handler(read=read_totals, handle=services.answer_totals, size=lambda data: _SPAN * len(data.totals)),
    "settlement.window-closed": Handler(
        read=reading(WindowClosed), handle=services.report_positions, size=lambda _: _SPAN, of_head_bank=True
    ),
    "settlement.booked": Handler(
        read=reading(SettlementBooked),
        handle=services.book_settlement,
        size=lambda data: len(data.settled),
        of_head_bank=True,
    ),
    "transfers.compared": Handler(read=read_comparisons, handle=services.judge_comparisons, size=lambda data: _SPAN * len(data.spans)),
}
