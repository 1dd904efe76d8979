"""Numbers that take a look at everything: measured now and then by housekeeping, so that asking for them costs nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from accounts import books
from banksite.models import Measurement

EVERY = timedelta(seconds=60)
IMBALANCE, HOUSEKEEPING = "imbalance", "housekeeping"


def measure(*, now: datetime) -> None:
    """Measure what is due, and write down that housekeeping has passed; safe beside another one."""
    is_fresh = Measurement.objects.filter(name__startswith=IMBALANCE, at__gt=now - EVERY).exists()
    found = {} if is_fresh else {f"{IMBALANCE} {currency}": minor for currency, minor in books.imbalances().items()}
    _write({**found, HOUSEKEEPING: 0}, now=now)


def measured() -> dict[str, Measurement]:
    """Return what was measured last, by name."""
    return {row.name: row for row in Measurement.objects.order_by("name")}


def _write(values: Mapping[str, int], *, now: datetime) -> None:
    rows = [Measurement(name=name, value=value, at=now) for name, value in values.items()]
    Measurement.objects.bulk_create(rows, update_conflicts=True, unique_fields=("name",), update_fields=("value", "at"))
