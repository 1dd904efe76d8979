"""Closing a day of the branch: its tills are closed, its books checked, its sums written down, once."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from access import audit
from access.models import User
from access.permissions import require
from access.retry import joining
from access.site import this_bank
from accounts import ledger, numbers
from accounts.selectors.tills import TillRow, open_tills
from transfers import books, errors, permissions, selectors
from transfers.models import DayClose

_DIFFERENCES = 100  # what a report shows; check_books shows all
_STATED = ("number", "currency", "teller", "float_minor", "expected_minor", "counted_minor", "difference_minor", "explanation")


def close_day(*, day: date, by: User, now: datetime) -> selectors.DayShown:
    """Close the day, or return it as it was closed: its sums, its tills, and what check_books finds, which closing does not hinder.

    The books are checked in a snapshot before the day is written, and read whole. Raises NotAllowed, DayNotOver, TillsOpen.
    """
    require(by=by, permission=permissions.CLOSE_DAY)
    if day > timezone.localtime(now).date():
        raise errors.DayNotOver(day=day.isoformat())
    if not DayClose.objects.filter(day=day).exists():
        _refuse_open_tills(day)
        _write(day, [asdict(each) for each in books.differences(progress=lambda _: None)], by=by, now=now)
    return selectors.closed_day(day=day)


def _write(day: date, differences: list[dict[str, Any]], *, by: User, now: datetime) -> None:
    """Write the day down, unless somebody else did meanwhile."""

    def work() -> None:
        with transaction.atomic():
            ledger.lock(numbers=[numbers.suspense(currency) for currency in this_bank().currencies])  # a till that opens waits, and sees
            _refuse_open_tills(day)
            totals, tills = selectors.day_totals(day=day), selectors.day_tills(day=day)
            DayClose.objects.create(
                day=day,
                totals=[asdict(each) for each in totals],
                tills=[_stated(till) for till in tills],
                differences=differences[:_DIFFERENCES],
                closed_by=by,
                closed_at=now,
            )
            audit.record(actor=by, action="day.closed", subject=f"day:{day}", after={"differences": len(differences)}, now=now)

    try:
        joining(work)
    except IntegrityError:
        if not DayClose.objects.filter(day=day).exists():
            raise


def _refuse_open_tills(day: date) -> None:
    """Raise TillsOpen for tills that were opened on the day or before and are not closed."""
    end = selectors.bounds_of(day)[1]
    if still := [till.number for till in open_tills() if till.opened_at < end]:
        raise errors.TillsOpen(tills=", ".join(still))


def _stated(till: TillRow) -> dict[str, Any]:
    """Return a till as the report of its day keeps it."""
    return {name: getattr(till, name) for name in _STATED}
