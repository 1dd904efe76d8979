"""A transfer's story as a customer at the counter would tell it: what happened when, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

import accounts.errors
import transfers.errors
from access.errors import DomainError
from messaging.selectors import peers
from transfers.entry import Entry
from transfers.selectors.found import EventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of the story; `why` is empty where nothing needs a reason."""

    at: datetime
    what: str
    why: str = ""


def told(*, entry: Entry, events: Sequence[EventRow]) -> list[Told]:
    """Return the story in the page's language, oldest first, the sending of the message in its place."""
    lines = [Told(at=event.at, what=_words_of(entry, event.type), why=_why(event.reason)) for event in events]
    if entry.kind == "outgoing" and entry.sent_at:
        sent = Told(at=entry.sent_at, what=_("Sent to {bank}.").format(bank=bank_name(entry.destination_bank)))
        lines.insert(1 + [event.type for event in events].index("pending"), sent)
    return lines


def bank_name(code: str) -> str:
    """Return what a bank is called, its code where the directory does not know it."""
    peer = peers(codes=[code]).get(code)
    return peer.name if peer else code


def _words_of(entry: Entry, event: str) -> str:
    """Return what an event means for whoever asks at the counter."""
    bank = bank_name(entry.destination_bank) if entry.kind == "outgoing" else ""
    sentences = {
        "awaiting-approval": _("Entered. It waits for a second person; nothing has moved yet."),
        "pending": _("Accepted. The account was debited, and the money is on its way."),
        "cancel-asked": _("{bank} was asked to cancel it.").format(bank=bank),
        "rejected": _("{bank} did not take it. The money is back on the account.").format(bank=bank),
        "cancelled": _("{bank} cancelled it. The money is back on the account.").format(bank=bank),
        "completed": _("Credited at {bank}.").format(bank=bank) if bank else _("Booked."),
        "refused": _("Refused. Nothing has moved."),
        "credited": _("Credited to the account."),
    }
    if entry.kind == "incoming" and event == "rejected":
        return _("Refused; the sender gets the money back.")
    return sentences.get(event, event)


def _why(reason: str) -> str:
    """Return a reason's words, by our own code or by ISO 20022's; the code itself where nobody knows it."""
    if not reason:
        return ""
    for kind in _refusals():
        if reason in {kind.code, kind.iso_reason if kind.iso_reason != "NARR" else ""}:
            return f"{_(kind.title)} ({reason})" if reason == kind.iso_reason else _(kind.title)
    return reason


def _refusals() -> Iterator[type[DomainError]]:
    for module in (accounts.errors, transfers.errors):
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, DomainError):
                yield kind
