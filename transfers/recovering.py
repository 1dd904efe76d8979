"""What another bank's list means for a transfer (protocol rule 9), as a function of plain values: nothing is guessed."""

from enum import Enum

from accounts.money import MAX_AMOUNT_MINOR
from transfers.entry import Entry
from transfers.events import Listed


class Lesson(Enum):
    """What a bank whose database went back learns from a line of another's list."""

    NOTHING = "nothing: both say the same, or the usual questions will settle it"
    CREDIT = "credit it here: it was completed there"
    REJECT = "reject it here: it was given back there"
    BOOK = "book it as completed: it was credited there"
    UNCLEAR = "unclear: people must look"


def lesson_of(said: Listed, *, source: str, own: str, known: Entry | None) -> Lesson:
    """Return what to do about a transfer between the list's sender and this bank; `known` is what this bank's database has of it."""
    if known is not None and _content(known) != (said.amount_minor, said.currency, said.creditor_iban):
        return Lesson.UNCLEAR
    if said.outcome == "credited" and said.amount_minor > MAX_AMOUNT_MINOR:
        return Lesson.UNCLEAR  # no bank could have booked it
    if said.origin == source:
        return _of_incoming(said, known)
    return _of_outgoing(said, known) if said.origin == own else Lesson.UNCLEAR


def _of_incoming(said: Listed, known: Entry | None) -> Lesson:
    """Judge a transfer the other bank sent: it asks again about what pends, so only its ends teach anything."""
    if said.outcome == "pending":
        return Lesson.NOTHING
    if known is None:
        return Lesson.CREDIT if said.outcome == "credited" else Lesson.REJECT
    return Lesson.NOTHING if known.status == said.outcome else Lesson.UNCLEAR


def _of_outgoing(said: Listed, known: Entry | None) -> Lesson:
    """Judge a transfer of ours that the other bank decided; one that pends here will be asked about again."""
    if known is None:
        return Lesson.BOOK if said.outcome == "credited" else Lesson.NOTHING
    ended = {"credited": {"pending", "completed"}, "rejected": {"pending", "rejected", "cancelled"}}.get(said.outcome, set())
    return Lesson.NOTHING if known.status in ended else Lesson.UNCLEAR


def _content(entry: Entry) -> tuple[int, str, str]:
    return entry.amount_minor, entry.currency, entry.creditor_number
