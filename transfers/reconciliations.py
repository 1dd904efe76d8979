"""The days compared with other banks: their verdicts and what differs, as people see them."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from transfers import comparing, rules
from transfers.comparing import Found
from transfers.events import Known
from transfers.models import Break, Reconciliation


@dataclass(frozen=True, kw_only=True)
class DayRow:
    """The latest comparison of a day with another bank: what the two say of the transfers from `origin_bank`."""

    id: UUID
    peer: str
    origin_bank: str
    currency: str
    day: date
    verdict: str
    our_count: int
    our_credited_minor: int
    their_count: int | None
    their_credited_minor: int | None
    on_their_way: int
    detail: str


@dataclass(frozen=True, kw_only=True)
class BreakRow:
    """One transfer two banks do not agree on, with what it means; `repair` is the status of its adjustment, empty without one."""

    id: int
    kind: str
    transfer: UUID
    origin_bank: str
    destination_bank: str
    currency: str
    amount_minor: int
    decided_at: datetime
    explanation: str
    repair: str


def latest(*, day: date) -> list[DayRow]:
    """Return the newest comparison of each bank, origin and currency on a day."""
    rows = Reconciliation.objects.filter(day=day).order_by("peer", "origin_bank", "currency", "id")
    newest = {(row.peer, row.origin_bank, row.currency): row for row in rows}
    return [DayRow(**{name: getattr(row, name) for name in DayRow.__dataclass_fields__}) for row in newest.values()]


def breaks(*, comparisons: Collection[UUID]) -> list[BreakRow]:
    """Return what these comparisons found and nobody has put right, in the order of finding."""
    found = Break.objects.filter(reconciliation__in=list(comparisons), ended_at__isnull=True)
    rows = found.exclude(repair__status=rules.COMPLETED).select_related("repair").order_by("id")
    return [_row(difference) for difference in rows]


def found_of(difference: Break) -> Found:
    """Return a break as it was found."""
    sides = [msgspec.convert(said, Known) for said in (difference.at_origin, difference.at_destination)]
    return Found(id=difference.origin_id, kind=difference.kind, at_origin=sides[0], at_destination=sides[1])


def explanation_of(difference: Break) -> str:
    """Say what a break means and who puts it right."""
    return comparing.explanation(found_of(difference), origin=difference.origin_bank, destination=difference.destination_bank)


def as_document(*, days: Collection[DayRow]) -> dict[str, Any]:
    """Return days with their breaks as plain JSON values: what `reconcile_banks --json` prints."""
    found = breaks(comparisons=[day.id for day in days])
    document: dict[str, Any] = msgspec.to_builtins({"days": [asdict(day) for day in days], "breaks": [asdict(each) for each in found]})
    return document


def _row(difference: Break) -> BreakRow:
    found = found_of(difference)
    return BreakRow(
        id=difference.pk,
        kind=difference.kind,
        transfer=difference.origin_id,
        origin_bank=difference.origin_bank,
        destination_bank=difference.destination_bank,
        currency=difference.currency,
        amount_minor=max(found.at_origin.amount_minor, found.at_destination.amount_minor),
        decided_at=difference.decided_at,
        explanation=explanation_of(difference),
        repair=difference.repair.status if difference.repair else "",
    )
