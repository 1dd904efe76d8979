"""Everything that changes a transfer, one module per step of its walk."""

from transfers.services.approve import approve_transfer, expire_approvals, refuse_transfer
from transfers.services.cancel import cancel_transfer
from transfers.services.closed_bank import ask_refund_of_closed_bank, refund_closed_bank, refund_due
from transfers.services.days import close_day
from transfers.services.event_stream import keep_event_stream, restart_event_stream
from transfers.services.files import book_file, book_portion, check_file, confirm_file, finish_files, forget_files
from transfers.services.finish import settle_transfers
from transfers.services.list_transfers import answer_list_requests
from transfers.services.receipts import Receipt, print_receipt
from transfers.services.receive import receive_cancels, receive_transfers
from transfers.services.reconcile import answer_totals, judge_comparisons, reconcile_day, reconcile_due
from transfers.services.recover import ask_for_lists, end_recovery, standing, take_list
from transfers.services.repair import ask_again, ask_repair
from transfers.services.settlement import book_settlement, report_positions
from transfers.services.submit import submit
from transfers.services.tills import carry_float, close_till, count_till, open_till

__all__ = [
    "Receipt",
    "answer_list_requests",
    "answer_totals",
    "approve_transfer",
    "ask_again",
    "ask_for_lists",
    "ask_refund_of_closed_bank",
    "ask_repair",
    "book_file",
    "book_portion",
    "book_settlement",
    "cancel_transfer",
    "carry_float",
    "check_file",
    "close_day",
    "close_till",
    "confirm_file",
    "count_till",
    "end_recovery",
    "expire_approvals",
    "finish_files",
    "forget_files",
    "judge_comparisons",
    "keep_event_stream",
    "open_till",
    "print_receipt",
    "receive_cancels",
    "receive_transfers",
    "reconcile_day",
    "reconcile_due",
    "refund_closed_bank",
    "refund_due",
    "refuse_transfer",
    "report_positions",
    "restart_event_stream",
    "settle_transfers",
    "standing",
    "submit",
    "take_list",
]
