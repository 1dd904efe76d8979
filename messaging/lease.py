"""At most one process does a thing: for a while by a lease, as far as clocks can tell, or for a transaction by taking turns."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from messaging.models import Lease

LENGTH = timedelta(seconds=6)  # another relay, which looks every second, has taken over well within ten


class Holder:
    """One process that wants a lease. Clocks differ, so a lease keeps order; fencing and repeatable handlers keep the money."""

    def __init__(self, *, name: str, holder: str) -> None:
        self._name, self._holder = name, holder
        self._until: datetime | None = None

    def take(self, *, now: datetime) -> bool:
        """Take or keep the lease and return whether it is ours; writes only when half of it has passed."""
        if self._until is not None and now < self._until - LENGTH / 2:
            return True
        Lease.objects.bulk_create([Lease(name=self._name, holder="")], ignore_conflicts=True)
        too_long = Q(until__gt=now + LENGTH)  # written by a clock that was ahead
        free = Q(holder=self._holder) | Q(until__isnull=True) | Q(until__lt=now) | too_long
        taken = Lease.objects.filter(free, name=self._name).update(holder=self._holder, until=now + LENGTH)
        self._until = now + LENGTH if taken else None
        return bool(taken)

    def release(self) -> None:
        """Give the lease back, if it is ours, so that the next need not wait for its end."""
        Lease.objects.filter(name=self._name, holder=self._holder).update(holder="", until=None)
        self._until = None


def take_turn(*, name: str) -> None:
    """Wait for whoever takes a turn under this name, and let the next wait until the caller's transaction ends."""
    assert transaction.get_connection().in_atomic_block, "a turn lasts as long as its transaction"
    Lease.objects.bulk_create([Lease(name=name)], ignore_conflicts=True)
    Lease.objects.select_for_update(no_key=True).get(name=name)
