"""Everything that changes a transfer, one module per step of its walk."""

from transfers.services.approve import approve_transfer, expire_approvals, refuse_transfer
from transfers.services.cancel import cancel_transfer
from transfers.services.closed_bank import ask_refund_of_closed_bank, refund_closed_bank
from transfers.services.receive import receive_cancels, receive_transfers
from transfers.services.settle import settle_transfers
from transfers.services.submit import submit

__all__ = [
    "approve_transfer",
    "ask_refund_of_closed_bank",
    "cancel_transfer",
    "expire_approvals",
    "receive_cancels",
    "receive_transfers",
    "refund_closed_bank",
    "refuse_transfer",
    "settle_transfers",
    "submit",
]
