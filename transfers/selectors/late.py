"""What pends for too long."""

from datetime import datetime, timedelta

from django.db.models import Q

from access.site import this_bank
from transfers.models import Transfer

OVERDUE_AFTER = timedelta(minutes=10)


def overdue(*, now: datetime) -> Q:
    """Return what picks transfers that pend for so long that somebody should ask why; time alone ends none of them (protocol rule 2)."""
    valid = timedelta(seconds=this_bank().transfer_valid_s)  # counted from when it began to pend
    return Q(status__word=Transfer.Status.PENDING, expires_at__lte=now + valid - OVERDUE_AFTER)
