"""What a day of the branch was: sums by kind and status, its tills, and the row that says it is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone

from accounts.selectors.tills import TillRow, sessions_between
from transfers.errors import DayUnknown
from transfers.models import DayClose, Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotal:
    """The transfers of one kind and status in one currency that were entered on a day."""

    kind: str
    status: str
    currency: str
    count: int
    amount_minor: int
    fee_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayShown:
    """A day that is over, as it was when it was closed; `differences` are what was wrong with the books."""

    day: date
    totals: list[DayTotal]
    tills: list[dict[str, Any]]
    differences: list[dict[str, str]]
    closed_by: str
    closed_at: datetime


def midnight(day: date) -> datetime:
    """Return when a day begins by the bank's own clock."""
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def bounds_of(day: date) -> tuple[datetime, datetime]:
    """Return when a day begins and ends by the bank's own clock."""
    return midnight(day), midnight(day + timedelta(days=1))


def first_id_from(moment: datetime) -> UUID:
    """Return what every id (uuid7, RFC 9562 section 5.7) given from a moment on is at least: a day is a range of the primary key.

    Such ids begin with 1970.
    """
    return UUID(int=max(0, int(moment.timestamp())) * 1000 << 80)


def day_totals(*, day: date) -> list[DayTotal]:
    """Return the day's sums; they read the day's transfers and no others."""
    start, end = bounds_of(day)
    rows = Transfer.objects.filter(id__gte=first_id_from(start), id__lt=first_id_from(end))
    summed = rows.values("kind", "status", "currency").annotate(count=Count("id"), amount=Sum("amount_minor"), fee=Sum("fee_minor"))
    return [
        DayTotal(kind=kind, status=status, currency=currency, count=count, amount_minor=int(amount), fee_minor=int(fee))
        for kind, status, currency, count, amount, fee in summed.order_by("currency", "kind", "status").values_list(
            "kind", "status", "currency", "count", "amount", "fee"
        )
    ]


def day_tills(*, day: date) -> list[TillRow]:
    """Return the till sessions that were opened on the day."""
    start, end = bounds_of(day)
    return sessions_between(start=start, end=end)


def closed_day(*, day: date) -> DayShown:
    """Return a closed day; raises DayUnknown."""
    row = DayClose.objects.select_related("closed_by").filter(day=day).first()
    if row is None:
        raise DayUnknown(day=day.isoformat())
    return DayShown(
        day=row.day,
        totals=[DayTotal(**total) for total in row.totals],
        tills=row.tills,
        differences=row.differences,
        closed_by=row.closed_by.get_full_name() or row.closed_by.get_username(),
        closed_at=row.closed_at,
    )


def closed_days(*, limit: int = 31) -> list[date]:
    """Return the latest days that were closed, newest first."""
    return list(DayClose.objects.order_by("-day").values_list("day", flat=True)[:limit])


def counts_between(*, moments: Sequence[datetime], at_most: int) -> list[int]:
    """Return how many transfers were entered between each two neighbouring moments, counting no further than `at_most`; in one query."""
    field = Transfer._meta.pk
    bounds = [field.get_db_prep_value(first_id_from(moment), connection) for moment in moments]
    spans = list(pairwise(bounds))
    if not spans:
        return []
    one = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM transfers_transfer WHERE id >= %s AND id < %s LIMIT CAST(%s AS bigint)) counted"
    with connection.cursor() as cursor:
        each = (f"SELECT {place} AS place, ({one}) AS n" for place in range(len(spans)))
        cursor.execute(f"{' UNION ALL '.join(each)} ORDER BY 1", [value for span in spans for value in (*span, at_most)])
        return [int(count) for _, count in cursor.fetchall()]
