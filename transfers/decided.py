"""Reading the decided transfers between this and another bank by the order of their places: index ranges, page by page."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, cast
from uuid import UUID

from django.db.models import Q, QuerySet

from access.site import this_bank
from transfers import comparing, rules
from transfers.comparing import Item
from transfers.events import MAX_TOLD, Known, Place, Total
from transfers.models import Transfer

PAGE = 5_000
_LOWEST = UUID(int=0)
_KNOWN = ("origin_id", "status", "amount_minor", "debtor_number", "creditor_number", "end_to_end_id", "decided_at")
_OUTCOMES = {rules.CREDITED: rules.CREDITED, rules.PENDING: rules.PENDING, **rules.OUTCOME_OF_STATUS}
Outcome = Literal["credited", "rejected", "pending", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One bank's transfers to another in one currency, seen from this bank, which is one of the two; `peer` is the other."""

    origin: str
    peer: str
    currency: str

    @property
    def destination(self) -> str:
        """Return the bank that decides them."""
        return this_bank().code if self.origin == self.peer else self.peer

    def rows(self) -> QuerySet[Transfer]:
        """Return them as this bank has them, in the order of their places."""
        if self.origin == self.peer:
            rows = Transfer.objects.filter(kind="incoming", origin_bank=self.peer, currency=self.currency)
        else:
            rows = Transfer.objects.filter(kind="outgoing", destination_bank=self.peer, currency=self.currency)
        return rows.order_by("decided_at", "origin_id")


def day_of(day: date, *, until: datetime) -> tuple[Place, Place]:
    """Return where a day (UTC) begins and where it ends, at the latest at `until`."""
    midnight = datetime.combine(day, time(), tzinfo=UTC)
    return Place(at=midnight, id=_LOWEST), Place(at=min(midnight + timedelta(days=1), until), id=_LOWEST)


def total(stream: Stream, *, start: Place, end: Place) -> Total:
    """Return what this bank has there."""
    return comparing.total_of(_items(stream, start, end), start=start, end=end)


def parts(stream: Stream, *, whole: Total) -> list[Total]:
    """Return what this bank has there in parts."""
    return comparing.parts_of(_items(stream, whole.start, whole.end), whole=whole)


def listed(stream: Stream, *, whole: Total) -> dict[UUID, Known]:
    """Return the few transfers of a total one by one."""
    assert whole.count <= MAX_TOLD, "a long total is told in parts"
    return _known(stream.rows().filter(_between(whole.start, whole.end))[:MAX_TOLD])


def known(stream: Stream, *, ids: Collection[UUID]) -> dict[UUID, Known]:
    """Return what this bank knows of these transfers, those never seen and those never sent included."""
    there = _known(stream.rows().filter(origin_id__any=list(ids), origin_bank=stream.origin))
    return {id_: there.get(id_, Known(id=id_, outcome="unknown")) for id_ in ids}


def doubled(stream: Stream, *, others: Collection[Known]) -> set[UUID]:
    """Return those of transfers the origin does not know that say exactly what another one says, which this bank has."""
    return {
        other.id
        for other in others
        if stream.rows()
        .filter(
            creditor_number=other.creditor_iban,
            debtor_number=other.debtor_iban,
            amount_minor=other.amount_minor,
            end_to_end_id=other.end_to_end_id,
            decided_at__isnull=False,
        )
        .exclude(origin_id=other.id)
        .exists()
    }


def _between(start: Place, end: Place) -> Q:
    """Select the transfers from a place to before another; the plain bounds of `decided_at` are what the index is searched by."""
    after = Q(decided_at__gt=start.at) | Q(decided_at=start.at, origin_id__gte=start.id)
    before = Q(decided_at__lt=end.at) | Q(decided_at=end.at, origin_id__lt=end.id)
    return Q(decided_at__gte=start.at, decided_at__lte=end.at) & after & before


def _items(stream: Stream, start: Place, end: Place) -> Iterator[Item]:
    """Yield them page by page, so that neither memory nor a cursor is held for a whole day."""
    while True:
        page = stream.rows().filter(_between(start, end)).values_list("decided_at", "origin_id", "status", "amount_minor")[:PAGE]
        count = 0
        for decided_at, origin_id, status, amount_minor in page:
            assert decided_at is not None, "the range is one of moments"
            count += 1
            place = Place(at=decided_at, id=origin_id)
            yield Item(place=place, is_credited=_OUTCOMES[status] == rules.CREDITED, amount_minor=amount_minor)
        if count < PAGE:
            return
        start = Place(at=place.at, id=UUID(int=place.id.int + 1))


def _known(rows: QuerySet[Transfer]) -> dict[UUID, Known]:
    """Return rows as what is told of them; an order that was never sent is not one another bank could know."""
    return {
        origin_id: Known(
            id=origin_id,
            outcome=cast(Outcome, _OUTCOMES[status]),
            amount_minor=amount_minor,
            debtor_iban=debtor,
            creditor_iban=creditor,
            end_to_end_id=end_to_end_id,
            decided_at=decided_at,
        )
        for origin_id, status, amount_minor, debtor, creditor, end_to_end_id, decided_at in rows.values_list(*_KNOWN)
        if status in _OUTCOMES
    }
