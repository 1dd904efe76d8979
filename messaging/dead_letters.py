"""Dead letters: what could not count, kept with its reason until a person has looked at it."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from django.db import transaction
from django.db.models.functions import Length, Substr

from access import meters
from access.sets import Update, execute
from messaging.broker import Record
from messaging.models import DeadLetter, DeadLetterTally

Status = DeadLetter.Status
Key = tuple[bytes, str]  # the digest of a record's value, and the item of it


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why a record, or one `item` of it, could not count: `reason` is a stable code, `detail` is for the person who looks at it."""

    reason: str
    detail: str
    item: str = ""


@dataclass(frozen=True, kw_only=True)
class DayLimit:
    """How many dead letters of one sender are kept a day, and how many bytes of their values and headers."""

    rows: int
    bytes: int


UNSIGNED_A_DAY = DayLimit(rows=1_000, bytes=16_000_000)  # of all together who sign nothing that can be verified
SIGNED_A_DAY = DayLimit(rows=10_000, bytes=64_000_000)  # of one bank


def bury(*, record: Record, reason: str, detail: str, now: datetime, item: str = "") -> None:
    """Keep a record that could not count, or one `item` of it, inside the caller's transaction."""
    bury_each(record=record, faults=[Fault(reason=reason, detail=detail, item=item)], now=now)


def bury_each(*, record: Record, faults: Sequence[Fault], now: datetime) -> None:
    """Keep what of a record could not count, inside the caller's transaction."""
    record_all(letters=[(record, fault) for fault in faults], now=now)


def record_all(*, letters: Sequence[tuple[Record, Fault]], now: datetime) -> None:
    """Keep what could not count, inside the caller's transaction, in as many statements for one as for a thousand.

    The same bytes again only raise the count of the row that is there; one that was discarded stays discarded. Beyond a day's limit of
    its sender a letter is only counted, so that nobody fills the database. Locks the senders' tallies of the day, then the rows by id.
    """
    assert transaction.get_connection().in_atomic_block, "a dead letter is written with the offset that passes it"
    if not letters:
        return
    by_key: dict[Key, tuple[Record, Fault]] = {}
    times = Counter[Key]()
    for record, fault in letters:
        key = hashlib.sha256(record.value).digest(), _printable(fault.item, 80) or _place_of_nothing(record)
        by_key[key] = (record, fault)
        times[key] += 1
    _add(by_key, now)
    rows = [
        (
            id_,
            _printable(by_key[key][1].reason, 40),
            _printable(by_key[key][1].detail, 500),
            status if status == Status.DISCARDED else Status.OPEN,
            now,
            times[key],
        )
        for id_, key, status in _found(by_key, is_locked=True)
    ]
    execute(Update(model=DeadLetter, sets=("reason", "detail", "status", "last_at"), adds=("count",), rows=rows, locked=True))
    _count(letters)


def record_of(letter: DeadLetter) -> Record:
    """Return the record as it was read."""
    headers = tuple((name, bytes.fromhex(value)) for name, value in letter.headers)
    value = bytes(letter.value) or _kept(digest=letter.digest)
    return Record(topic=letter.topic, partition=letter.partition, offset=letter.offset, value=value, headers=headers)


def beginning_of(letter: DeadLetter, *, length: int) -> tuple[bytes, int]:
    """Return at most `length` first bytes of the value of a letter, and how many it has; the rest does not leave the database."""
    keepers = DeadLetter.objects.filter(digest=letter.digest).annotate(size=Length("value"), beginning=Substr("value", 1, length))
    value, size = keepers.order_by("-size", "id").values_list("beginning", "size")[0]
    return bytes(cast(bytes, value or b"")), size or 0


def to_redrive(*, limit: int) -> list[DeadLetter]:
    """Return letters that were granted another try, oldest first."""
    return list(DeadLetter.objects.filter(status=Status.REDRIVING).order_by("id")[:limit])


def mark_redriven(*, letter: DeadLetter) -> None:
    """Say that the letter was let through, inside the transaction that holds its effect."""
    DeadLetter.objects.filter(pk=letter.pk, status=Status.REDRIVING).update(status=Status.REDRIVEN)


def _add(by_key: Mapping[Key, tuple[Record, Fault]], now: datetime) -> None:
    """Write the rows that are not there yet, with a count of 0, as far as their senders' limits of the day allow.

    One of a record's rows keeps its bytes for all of them.
    """
    there = {key for _, key, _ in _found(by_key)}
    fresh = {key: letter for key, letter in by_key.items() if key not in there}
    if not fresh:
        return
    digests = {digest for digest, _ in fresh}
    kept = {bytes(digest) for digest in DeadLetter.objects.filter(digest__in=digests).exclude(value=b"").values_list("digest", flat=True)}
    tallies = _tallies({record.signed_by for record, _ in fresh.values()}, now)
    rows = []
    for (digest, item), (record, _) in fresh.items():
        headers = [[_printable(name, 80), value.hex()] for name, value in record.headers]
        value = b"" if digest in kept else record.value
        if _reserve(tallies[record.signed_by], size=len(value) + sum(len(name) + len(text) for name, text in headers)):
            kept.add(digest)
            rows.append(
                DeadLetter(
                    digest=digest,
                    item=item,
                    value=value,
                    headers=headers,
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                    sender=record.signed_by,
                    count=0,
                    status=Status.OPEN,
                    first_at=now,
                    last_at=now,
                )
            )
    DeadLetter.objects.bulk_create(rows, ignore_conflicts=True)
    DeadLetterTally.objects.bulk_update(tallies.values(), ["kept", "kept_bytes", "dropped"])


def _tallies(senders: Collection[str], now: datetime) -> dict[str, DeadLetterTally]:
    """Return the locked tallies of today, in the order of the senders' codes."""
    day = now.astimezone(UTC).date()
    DeadLetterTally.objects.bulk_create([DeadLetterTally(sender=sender, day=day) for sender in sorted(senders)], ignore_conflicts=True)
    rows = DeadLetterTally.objects.select_for_update(no_key=True).filter(day=day, sender__in=senders).order_by("sender")
    return {row.sender: row for row in rows}


def _reserve(tally: DeadLetterTally, *, size: int) -> bool:
    """Take a letter of `size` bytes into a tally; return False, and count it as dropped, where the day's limit is reached."""
    limit = SIGNED_A_DAY if tally.sender else UNSIGNED_A_DAY
    if tally.kept >= limit.rows or tally.kept_bytes + size > limit.bytes:
        tally.dropped += 1
        return False
    tally.kept += 1
    tally.kept_bytes += size
    return True


def _found(keys: Collection[Key], *, is_locked: bool = False) -> list[tuple[int, Key, str]]:
    """Return id, key and status of those that have a row, by id."""
    digests, items = {digest for digest, _ in keys}, {item for _, item in keys}
    letters = DeadLetter.objects.filter(digest__in=digests, item__any=sorted(items)).order_by("id")
    letters = letters.select_for_update(no_key=True) if is_locked else letters
    rows = [(id_, (bytes(digest), item), status) for id_, digest, item, status in letters.values_list("id", "digest", "item", "status")]
    return [row for row in rows if row[1] in keys]


def _count(letters: Sequence[tuple[Record, Fault]]) -> None:
    reasons = Counter(fault.reason for _, fault in letters)

    def count() -> None:
        for reason, number in reasons.items():
            meters.DEAD_LETTERS.labels(reason).inc(number)

    meters.once_committed(count)


def _kept(*, digest: bytes | memoryview) -> bytes:
    """Return the bytes of a record from the row that keeps them for the others, none where the record had none."""
    keepers = DeadLetter.objects.filter(digest=digest).exclude(value=b"").order_by("id")
    return bytes(keepers.values_list("value", flat=True).first() or b"")


def _place_of_nothing(record: Record) -> str:
    """Return what tells records without a value from each other."""
    return "" if record.value else f"{record.partition}:{record.offset}"


def _printable(text: str, length: int) -> str:
    """Return text a database can keep and a terminal can show."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)[:length]
