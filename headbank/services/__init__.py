"""Everything that changes the register of banks; each change is permitted, locked, recorded, and announced to all banks."""

from headbank.services.applications import application_of, invite_bank, receive_application
from headbank.services.keys import receive_keys, receive_retirements, revoke_key
from headbank.services.publish import Published, publish_directory
from headbank.services.register import register_bank, suspend_bank
from headbank.services.requests import (
    ACTIONS,
    ADD_KEY,
    APPROVE,
    CLOSE,
    REACTIVATE,
    REGISTER,
    SET_CAP,
    approve_request,
    ask,
    ask_or_approve,
    refuse_request,
)

__all__ = [
    "ACTIONS",
    "ADD_KEY",
    "APPROVE",
    "CLOSE",
    "REACTIVATE",
    "REGISTER",
    "SET_CAP",
    "Published",
    "application_of",
    "approve_request",
    "ask",
    "ask_or_approve",
    "invite_bank",
    "publish_directory",
    "receive_application",
    "receive_keys",
    "receive_retirements",
    "refuse_request",
    "register_bank",
    "revoke_key",
    "suspend_bank",
]
