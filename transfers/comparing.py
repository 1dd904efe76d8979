"""Comparing what two banks have of the same transfers, as functions of plain values: totals, breaks, and what would repair one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from accounts import numbers
from accounts.money import Money
from transfers.events import MAX_SPANS, MAX_TOLD, Compared, Known, Place, Total

GRACE = timedelta(hours=1)  # how long an answer may be on its way before it counts as lost
MISSING, DOUBLE, AMOUNT, OUTCOME, MOMENT = "missing", "double", "amount", "outcome", "moment"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One decided transfer, as far as totals go."""

    place: Place
    is_credited: bool
    amount_minor: int


@dataclass(frozen=True, kw_only=True)
class Found:
    """One transfer the banks do not agree on: what its origin and its destination know of it."""

    id: UUID
    kind: str
    at_origin: Known
    at_destination: Known

    @property
    def decided_at(self) -> datetime:
        """Return when it was decided, by the destination's word if there is one."""
        decided_at = self.at_destination.decided_at or self.at_origin.decided_at
        assert decided_at is not None, "one of the two has it as decided"
        return decided_at


@dataclass(frozen=True, kw_only=True)
class Booking:
    """An adjustment that would bring the books of the bank `at` in line."""

    at: str
    debit: str
    credit: str
    amount: Money


class Tally:
    """A total under way: bounded memory, however many transfers there are."""

    def __init__(self, start: Place) -> None:
        self.start, self.count, self._credited_minor = start, 0, 0
        self._hash, self._ids = sha256(), list[UUID]()

    def add(self, item: Item) -> None:
        """Take the next transfer, in the order of their places."""
        self.count += 1
        self._credited_minor += item.amount_minor if item.is_credited else 0
        self._hash.update(item.place.id.bytes + item.amount_minor.to_bytes(8, "big") + (b"\1" if item.is_credited else b"\0"))
        if self.count <= MAX_TOLD:
            self._ids.append(item.place.id)

    def total(self, *, end: Place) -> Total:
        """Return the total up to `end`, with the ids where there are few."""
        ids = tuple(self._ids) if self.count <= MAX_TOLD else ()
        return Total(
            start=self.start, end=end, count=self.count, credited_minor=self._credited_minor, digest=self._hash.hexdigest(), ids=ids
        )


def total_of(items: Iterable[Item], *, start: Place, end: Place) -> Total:
    """Return the total of transfers that come in the order of their places."""
    tally = Tally(start)
    for item in items:
        tally.add(item)
    return tally.total(end=end)


def parts_of(items: Iterable[Item], *, whole: Total) -> list[Total]:
    """Return the total as at most MAX_SPANS parts of about as many transfers each, which together cover it without a gap."""
    size = -(-max(whole.count, 1) // MAX_SPANS)
    parts: list[Total] = []
    tally = Tally(whole.start)
    for item in items:
        if tally.count >= size and len(parts) < MAX_SPANS - 1:
            parts.append(tally.total(end=item.place))
            tally = Tally(item.place)
        tally.add(item)
    return [*parts, tally.total(end=whole.end)]


def agree(one: Total, other: Total) -> bool:
    """Return whether two totals of the same span say the same."""
    return (one.count, one.credited_minor, one.digest) == (other.count, other.credited_minor, other.digest)


def contradiction(said: Compared) -> str:
    """Return how an answer contradicts itself, empty where it does not."""
    if said.listed is None:
        return _parts_contradict(said.own, said.parts)
    inside = sorted((known for known in said.listed if _is_inside(known, said.own)), key=lambda known: (known.decided_at, known.id))
    items = [
        Item(place=Place(at=known.decided_at, id=known.id), is_credited=known.outcome == "credited", amount_minor=known.amount_minor)
        for known in inside
        if known.decided_at is not None
    ]
    if agree(total_of(items, start=said.own.start, end=said.own.end), said.own):
        return ""
    return f"its list of {len(items)} transfers is not what its total of {said.own.count} says"


def _parts_contradict(whole: Total, parts: Sequence[Total]) -> str:
    edges = [whole.start, *(part.end for part in parts)]
    if not parts or edges[-1] != whole.end or any(part.start != edge for part, edge in zip(parts, edges, strict=False)):
        return "the parts of its total do not cover it"
    if sum(part.count for part in parts) != whole.count or sum(part.credited_minor for part in parts) != whole.credited_minor:
        return "the parts of its total add up to something else"
    return ""


def _is_inside(known: Known, span: Total) -> bool:
    return known.decided_at is not None and span.start <= Place(at=known.decided_at, id=known.id) < span.end


def differences(
    *, at_origin: Mapping[UUID, Known], at_destination: Mapping[UUID, Known], doubled: Collection[UUID], now: datetime
) -> tuple[list[Found], int]:
    """Return what the banks do not agree on, and how many transfers are only on their way: decided lately, the answer not yet there.

    `doubled` are transfers unknown to the origin that say what another of its transfers says.
    """
    found: list[Found] = []
    on_their_way = 0
    for id_ in sorted(at_origin.keys() | at_destination.keys()):
        nobody = Known(id=id_, outcome="unknown")
        origin, destination = at_origin.get(id_, nobody), at_destination.get(id_, nobody)
        kind = _kind(origin, destination, is_doubled=id_ in doubled)
        if kind == OUTCOME and origin.outcome == "pending" and destination.decided_at and now - destination.decided_at < GRACE:
            on_their_way += 1
        elif kind:
            found.append(Found(id=id_, kind=kind, at_origin=origin, at_destination=destination))
    return found, on_their_way


def _kind(origin: Known, destination: Known, *, is_doubled: bool) -> str:
    """Return what kind of break it is, empty where there is none."""
    if origin.outcome == "unknown":
        return DOUBLE if is_doubled else MISSING
    if destination.outcome == "unknown":
        return MISSING
    if (origin.amount_minor, origin.creditor_iban) != (destination.amount_minor, destination.creditor_iban):
        return AMOUNT
    if origin.outcome != destination.outcome:
        return OUTCOME
    return MOMENT if origin.decided_at != destination.decided_at else ""


_EXPLANATIONS = {
    DOUBLE: "{destination} booked a payment a second time, under an id that {origin} never gave; {destination} takes it back.",
    "stranger": "{destination} decided a transfer that {origin} does not know; {destination} takes back what it credited.",
    MISSING: "{origin} has it as {one}, {destination} does not know it; {origin} asks for it again, {destination} then decides.",
    "given-back": "{origin} gave the money back, {destination} does not know it; {origin} asks {destination} to refuse it for good.",
    AMOUNT: "{origin} ordered {ordered}, {destination} decided about {booked}; {destination} books the difference.",
    MOMENT: "Both have it as {one}, but not at the same time; no money is affected.",
    "pending": "{destination} decided, {origin} still waits and goes on asking; look at its relay and consumer.",
    OUTCOME: "{destination} has it as {other}, {origin} as {one}; {origin} follows the destination's decision.",
}


def explanation(found: Found, *, origin: str, destination: str) -> str:
    """Say what is wrong and who puts it right: the origin's word counts for what was ordered, the destination's for what became of it."""
    one, other = found.at_origin, found.at_destination
    name = found.kind
    if name == MISSING and one.outcome == "unknown":
        name = "stranger"
    elif name == MISSING and one.outcome == "rejected":
        name = "given-back"
    elif name == OUTCOME and one.outcome == "pending":
        name = "pending"
    ordered, booked = (f"{known.amount_minor} minor units for {known.creditor_iban}" for known in (one, other))
    return _EXPLANATIONS[name].format(
        origin=origin, destination=destination, one=one.outcome, other=other.outcome, ordered=ordered, booked=booked
    )


def asks_again(found: Found) -> bool:
    """Return whether its origin can only ask for the transfer once more, or for its cancelling where it gave the money back."""
    return found.kind == MISSING and found.at_origin.outcome != "unknown"


def booking(found: Found, *, origin: str, destination: str, currency: str) -> Booking | None:
    """Return the adjustment that repairs a break, None where none does."""
    one, other = found.at_origin, found.at_destination
    if found.kind in {DOUBLE, MISSING} and other.outcome == "credited":
        return _moved(destination, other.creditor_iban, numbers.clearing(origin, currency), other.amount_minor, currency)
    if found.kind == AMOUNT and other.outcome == "credited" and one.creditor_iban == other.creditor_iban:
        more = other.amount_minor - one.amount_minor
        parties = (other.creditor_iban, numbers.clearing(origin, currency))
        return _moved(destination, *(parties if more > 0 else parties[::-1]), abs(more), currency)
    if found.kind == OUTCOME and one.outcome != "pending":
        parties = (numbers.clearing(destination, currency), one.debtor_iban)
        return _moved(origin, *(parties if one.outcome == "credited" else parties[::-1]), one.amount_minor, currency)
    return None


def _moved(at: str, debit: str, credit: str, amount_minor: int, currency: str) -> Booking:
    return Booking(at=at, debit=debit, credit=credit, amount=Money(amount_minor, currency))
