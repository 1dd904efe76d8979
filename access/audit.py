"""The audit trail: what somebody did, written in the transaction that did it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from access import request_id, sets
from access.models import AuditEvent, User

_FIELDS = ("at", "actor_id", "action", "subject", "before", "after", "reason", "request_id")


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing done: `before` and `after` hold the values that changed, as plain JSON; an actor of None is the bank itself."""

    actor: User | None
    action: str
    subject: str
    at: datetime
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


def record(  # the trail's columns
    *,
    actor: User | None,
    action: str,
    subject: str,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Add one event to the trail, inside the caller's transaction, so that the deed and its evidence stand or fall together."""
    record_each([Event(actor=actor, action=action, subject=subject, at=now, before=before or {}, after=after or {}, reason=reason)])


def record_each(events: Iterable[Event]) -> None:
    """Add events to the trail in one statement, inside the caller's transaction."""
    sets.execute(insert(events))


def insert(events: Iterable[Event]) -> sets.Insert:
    """Return the events as a write, for a caller that sends it together with its own; must run inside the caller's transaction."""
    assert connection.in_atomic_block, "evidence is written in the transaction of the deed"
    asked_in = request_id.current()
    rows = [
        (
            event.at,
            event.actor.pk if event.actor else None,
            event.action,
            event.subject,
            dict(event.before),
            dict(event.after),
            event.reason,
            asked_in,
        )
        for event in events
    ]
    return sets.Insert(model=AuditEvent, fields=_FIELDS, rows=rows)
