"""The admin of a bank: what every list derives from, how something is done from it, and the lists of access."""

from access.admin import people, trail
from access.admin.base import BankAdmin
from access.admin.deeds import Asked, DeedForm, Done, Gone, ReasonForm, Told, deed
from access.admin.showing import Since, amount, coloured, link_to, list_address, list_link, once, one_of

__all__ = [
    "Asked",
    "BankAdmin",
    "DeedForm",
    "Done",
    "Gone",
    "ReasonForm",
    "Since",
    "Told",
    "amount",
    "coloured",
    "deed",
    "link_to",
    "list_address",
    "list_link",
    "once",
    "one_of",
    "people",
    "trail",
]
