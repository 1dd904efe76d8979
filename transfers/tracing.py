"""The whole story of one transfer as this bank's own rows tell it: for a person who has to find out what happened."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from access.models import Approval, AuditEvent
from accounts.models import Posting
from messaging.models import DeadLetter, Message
from transfers import selectors
from transfers.entry import Entry
from transfers.models import TransferEvent

_BEFORE, _AFTER = timedelta(seconds=1), timedelta(seconds=60)  # around a change, within which its message was given its id
_READ_AT_MOST = 5_000  # messages of one such span
_SHOWN = ("id", "type", "destination", "partition", "attempts", "open_items", "created_at", "first_published_at", "next_at", "finished_at")


def trace(*, transfer_id: UUID) -> dict[str, Any] | None:
    """Return the story as plain JSON values, None where this bank knows no such transfer; either bank's id finds it.

    Messages are kept for a week after they are finished, so an old story has none.
    """
    entry = selectors.find(transfer_id=transfer_id)
    if entry is None:
        return None
    document = selectors.as_document(entry)
    events = document.pop("events")
    return {
        "transfer": document,
        "events": events,
        "postings": _rows(_postings(entry), "leg", "debit", "credit", "amount_minor", "currency", "booked_at"),
        "messages": [_plain({name: getattr(message, name) for name in _SHOWN}) for message in _messages(entry)],
        "dead_letters": _rows(_letters(entry), "id", "reason", "detail", "status", "count", "first_at", "last_at"),
        "approvals": _rows(
            _approvals(entry), "id", "action", "status", "reason", "asker", "asked_at", "decider", "decided_at", "decision_reason"
        ),
        "audit": _rows(_deeds(entry), "at", "who", "action", "before", "after", "reason", "request_id"),
    }


def timeline(document: dict[str, Any]) -> Iterator[str]:
    """Yield the story as lines in the order of time."""
    told = [(event["at"], f"{event['type']} {event['reason']}") for event in document["events"]]
    told += [
        (row["booked_at"], f"posting {row['leg']}: {row['amount_minor']} {row['currency']} from {row['debit']} to {row['credit']}")
        for row in document["postings"]
    ]
    for row in document["messages"]:
        told.append((row["created_at"], f"message {row['id']} {row['type']} for {row['destination']}"))
        for name, word in (("first_published_at", "first published"), ("finished_at", "finished")):
            if row[name]:
                told.append((row[name], f"message {row['id']} {word} (publications: {row['attempts']})"))
    told += [
        (row["first_at"], f"dead letter {row['id']} {row['reason']}: {row['detail']} ({row['status']})") for row in document["dead_letters"]
    ]
    told += [
        (row["asked_at"], f"approval {row['id']} {row['action']} asked by {row['asker']}: {row['status']}") for row in document["approvals"]
    ]
    told += [(row["at"], f"{row['who'] or 'the bank'}: {row['action']} {row['reason']} {row['request_id']}") for row in document["audit"]]
    yield from (f"{at}  {' '.join(words.split())}" for at, words in sorted(told, key=lambda line: line[0]))


def _postings(entry: Entry) -> QuerySet[Posting]:
    named = {"debit": F("debit_account__number"), "credit": F("credit_account__number")}
    return Posting.objects.filter(transfer_id=entry.id).order_by("id").annotate(**named)


def _messages(entry: Entry) -> list[Message]:
    """Return what this bank said about the transfer: no column names it, so what was said at the time of each change is read through."""
    name = str(entry.origin_id).encode()
    found = {message.id: message for message in Message.objects.filter(id__any=[entry.message] if entry.message else [])}
    other = entry.destination_bank if entry.kind == "outgoing" else entry.origin_bank
    if entry.kind in {"outgoing", "incoming"}:
        for at in TransferEvent.objects.filter(transfer_id=entry.id).order_by("id").values_list("at", flat=True):
            span = Q(id__gte=_first_id(at - _BEFORE), id__lt=_first_id(at + _AFTER), destination=other)
            said = Message.objects.filter(span).order_by("id")[:_READ_AT_MOST].iterator(chunk_size=200)
            found |= {message.id: message for message in said if name in bytes(message.value)}
    return [found[id_] for id_ in sorted(found)]


def _letters(entry: Entry) -> QuerySet[DeadLetter]:
    return DeadLetter.objects.filter(item__in={str(entry.id), str(entry.origin_id)}).order_by("id")


def _approvals(entry: Entry) -> QuerySet[Approval]:
    named = {"asker": F("asked_by__username"), "decider": F("decided_by__username")}
    return Approval.objects.filter(subject=f"transfer:{entry.id}").order_by("id").annotate(**named)


def _deeds(entry: Entry) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(subject=f"transfer:{entry.id}").order_by("id").annotate(who=F("actor__username"))


def _first_id(at: datetime) -> UUID:
    """Return what every id (uuid7) given at that moment or later is at least."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def _rows(rows: "QuerySet[Any]", *names: str) -> list[dict[str, Any]]:
    return [_plain(row) for row in rows.values(*names)]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
        for name, value in row.items()
    }
