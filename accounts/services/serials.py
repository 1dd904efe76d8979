"""Serial numbers that rise by one."""

from django.db import connection
from django.db.models import F

from accounts.models import NumberSeries


def take_serials(*, series: str, count: int = 1) -> range:
    """Return the next serial numbers, inside the caller's transaction, which makes others wait for it."""
    assert connection.in_atomic_block, "a serial number is given back when what it numbers is not written"
    if not _advance(series, count):
        NumberSeries.objects.bulk_create([NumberSeries(name=series)], ignore_conflicts=True)
        _advance(series, count)
    last = NumberSeries.objects.values_list("last", flat=True).get(name=series)
    return range(last - count + 1, last + 1)


def _advance(series: str, count: int) -> int:
    return NumberSeries.objects.filter(name=series).update(last=F("last") + count)
