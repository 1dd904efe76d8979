"""What leaves the admin, never without a trace: masked data shown to those who may ask, lists taken away as files."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from access import audit
from access.models import User
from access.permissions import EXPORT_LISTS, REVEAL_CUSTOMERS, require


def reveal(*, subject: str, reason: str, by: User, now: datetime) -> None:
    """Record that somebody has what is masked of the subject shown to them; raises NotAllowed, ReasonMissing."""
    require(by=by, permission=REVEAL_CUSTOMERS, reason=reason)
    _record("customer-data.revealed", subject, {}, reason=reason, by=by, now=now)


def export_list(*, name: str, filters: Mapping[str, str], file_format: str, reason: str, by: User, now: datetime) -> None:
    """Record that somebody takes a list away, as it is filtered; raises NotAllowed, ReasonMissing."""
    require(by=by, permission=EXPORT_LISTS, reason=reason)
    _record("list.exported", f"list:{name}", {"filters": dict(filters), "format": file_format}, reason=reason, by=by, now=now)


def _record(action: str, subject: str, after: Mapping[str, object], *, reason: str, by: User, now: datetime) -> None:
    with transaction.atomic():
        audit.record(actor=by, action=action, subject=subject, after=after, reason=reason, now=now)
