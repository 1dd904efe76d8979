"""Dead letters: what could not count, kept whole with its reason until a person has looked at it."""

import hashlib
from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, Value, When

from messaging.broker import Record
from messaging.models import DeadLetter

Status = DeadLetter.Status
_REOPENED = Case(When(status=Status.DISCARDED, then=Value(Status.DISCARDED)), default=Value(Status.OPEN))


def bury(*, record: Record, reason: str, detail: str, now: datetime, item: str = "") -> None:
    """Keep a record that could not count, or one `item` of it, inside the caller's transaction.

    The same bytes again only raise the count of the row that is there; one that was discarded stays discarded.
    """
    assert transaction.get_connection().in_atomic_block, "a dead letter is written with the offset that passes it"
    digest, item = hashlib.sha256(record.value).digest(), _printable(item, 80)
    reason, detail = _printable(reason, 40), _printable(detail, 500)
    fresh = DeadLetter(
        digest=digest,
        item=item,
        value=record.value,
        headers=[[_printable(name, 80), value.hex()] for name, value in record.headers],
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
        detail=detail,
        count=0,
        status=Status.OPEN,
        first_at=now,
        last_at=now,
    )
    DeadLetter.objects.bulk_create([fresh], ignore_conflicts=True)
    same = DeadLetter.objects.filter(digest=digest, item=item)
    same.update(count=F("count") + 1, reason=reason, detail=detail, last_at=now, status=_REOPENED)


def record_of(letter: DeadLetter) -> Record:
    """Return the record as it was read."""
    headers = tuple((name, bytes.fromhex(value)) for name, value in letter.headers)
    value = bytes(letter.value)
    return Record(topic=letter.topic, partition=letter.partition, offset=letter.offset, value=value, headers=headers)


def to_redrive(*, limit: int) -> list[DeadLetter]:
    """Return letters that two persons want tried again, oldest first."""
    return list(DeadLetter.objects.filter(status=Status.REDRIVING).order_by("id")[:limit])


def mark_redriven(*, letter: DeadLetter) -> None:
    """Say that the letter was let through, inside the transaction that holds its effect."""
    DeadLetter.objects.filter(pk=letter.pk, status=Status.REDRIVING).update(status=Status.REDRIVEN)


def _printable(text: str, length: int) -> str:
    """Return text a database can keep and a terminal can show."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)[:length]
