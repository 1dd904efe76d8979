"""The tables of transfers, of the counter, and of what banks agree on about them."""

from transfers.models.agreement import Break, PeerList, PeerListed, Reconciliation, ReconciliationQuestion, SettlementPosition
from transfers.models.counter import DayClose, ReceiptPrint
from transfers.models.files import PaymentsFile, PaymentsFileLine
from transfers.models.orders import STATES, CurrentTransaction, StreamRestart, Transfer, TransferEvent

__all__ = [
    "STATES",
    "Break",
    "CurrentTransaction",
    "DayClose",
    "PaymentsFile",
    "PaymentsFileLine",
    "PeerList",
    "PeerListed",
    "ReceiptPrint",
    "Reconciliation",
    "ReconciliationQuestion",
    "SettlementPosition",
    "StreamRestart",
    "Transfer",
    "TransferEvent",
]
