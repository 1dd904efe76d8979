"""Dead letters: what could not count, kept whole with its reason until a person has looked at it."""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from access import meters
from access.sets import Update, execute
from messaging.broker import Record
from messaging.models import DeadLetter

Status = DeadLetter.Status


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why a record, or one `item` of it, could not count: `reason` is a stable code, `detail` is for whoever looks at it."""

    reason: str
    detail: str
    item: str = ""


def bury(*, record: Record, reason: str, detail: str, now: datetime, item: str = "") -> None:
    """Keep a record that could not count, or one `item` of it, inside the caller's transaction."""
    bury_each(record=record, faults=[Fault(reason=reason, detail=detail, item=item)], now=now)


def bury_each(*, record: Record, faults: Sequence[Fault], now: datetime) -> None:
    """Keep what of a record could not count, inside the caller's transaction, in as many statements for one fault as for a thousand.

    The same bytes again only raise the count of the row that is there; one that was discarded stays discarded.
    """
    assert transaction.get_connection().in_atomic_block, "a dead letter is written with the offset that passes it"
    if not faults:
        return
    digest = hashlib.sha256(record.value).digest()
    by_item = {_printable(fault.item, 80): fault for fault in faults}
    _add(record, digest, by_item, now)
    found = DeadLetter.objects.filter(digest=digest, item__any=list(by_item)).order_by("id").select_for_update(no_key=True)
    rows = [
        (
            id_,
            _printable(by_item[item].reason, 40),
            _printable(by_item[item].detail, 500),
            status if status == Status.DISCARDED else Status.OPEN,
            now,
            1,
        )
        for id_, item, status in found.values_list("id", "item", "status")
    ]
    execute(Update(model=DeadLetter, sets=("reason", "detail", "status", "last_at"), adds=("count",), rows=rows, locked=True))
    _count(faults)


def _count(faults: Sequence[Fault]) -> None:
    reasons = Counter(fault.reason for fault in faults)

    def count() -> None:
        for reason, number in reasons.items():
            meters.DEAD_LETTERS.labels(reason).inc(number)

    meters.once_committed(count)


def record_of(letter: DeadLetter) -> Record:
    """Return the record as it was read."""
    headers = tuple((name, bytes.fromhex(value)) for name, value in letter.headers)
    value = bytes(letter.value) or _kept(digest=letter.digest)
    return Record(topic=letter.topic, partition=letter.partition, offset=letter.offset, value=value, headers=headers)


def to_redrive(*, limit: int) -> list[DeadLetter]:
    """Return letters that two persons want tried again, oldest first."""
    return list(DeadLetter.objects.filter(status=Status.REDRIVING).order_by("id")[:limit])


def mark_redriven(*, letter: DeadLetter) -> None:
    """Say that the letter was let through, inside the transaction that holds its effect."""
    DeadLetter.objects.filter(pk=letter.pk, status=Status.REDRIVING).update(status=Status.REDRIVEN)


def _add(record: Record, digest: bytes, items: Collection[str], now: datetime) -> None:
    """Write the rows that are not there yet, with a count of 0; one of a record's rows keeps its bytes for all of them."""
    is_kept = DeadLetter.objects.filter(digest=digest).exclude(value=b"").exists()
    headers = [[_printable(name, 80), value.hex()] for name, value in record.headers]
    fresh = [
        DeadLetter(
            digest=digest,
            item=item,
            value=b"" if is_kept or place else record.value,
            headers=headers,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            count=0,
            status=Status.OPEN,
            first_at=now,
            last_at=now,
        )
        for place, item in enumerate(items)
    ]
    DeadLetter.objects.bulk_create(fresh, ignore_conflicts=True)


def _kept(*, digest: bytes | memoryview) -> bytes:
    """Return the bytes of a record from the row that keeps them for the others, none where the record had none."""
    keepers = DeadLetter.objects.filter(digest=digest).exclude(value=b"").order_by("id")
    return bytes(keepers.values_list("value", flat=True).first() or b"")


def _printable(text: str, length: int) -> str:
    """Return text a database can keep and a terminal can show."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)[:length]
