"""Everything that changes the register of banks; each change is permitted, locked, recorded, and announced to all banks."""

from headbank.services.applications import application_of, invite_bank, receive_application
from headbank.services.book import approve_settlement, receive_confirmations, refuse_settlement
from headbank.services.collect import BOOK, close_window, receive_positions, settle_due
from headbank.services.keys import Revoked, receive_keys, receive_retirements, revoke_key
from headbank.services.publish import Published, announce_register, publish_directory
from headbank.services.register import REACTIVATE, register_bank, suspend_bank
from headbank.services.requests import (
    ACTIONS,
    ADD_KEY,
    APPROVE,
    CLOSE,
    REGISTER,
    SET_CAP,
    SET_COVER,
    SET_PARTITIONS,
    approve_request,
    ask,
    ask_or_approve,
)

__all__ = [
    "ACTIONS",
    "ADD_KEY",
    "APPROVE",
    "BOOK",
    "CLOSE",
    "REACTIVATE",
    "REGISTER",
    "SET_CAP",
    "SET_COVER",
    "SET_PARTITIONS",
    "Published",
    "Revoked",
    "announce_register",
    "application_of",
    "approve_request",
    "approve_settlement",
    "ask",
    "ask_or_approve",
    "close_window",
    "invite_bank",
    "publish_directory",
    "receive_application",
    "receive_confirmations",
    "receive_keys",
    "receive_positions",
    "receive_retirements",
    "refuse_settlement",
    "register_bank",
    "revoke_key",
    "settle_due",
    "suspend_bank",
]
