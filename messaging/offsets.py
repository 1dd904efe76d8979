"""Stored offsets: how far this bank read its letter box, kept beside the effects of what it read."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction

from access import meters
from access.sets import Update, execute
from messaging.broker import Bounds, Broker
from messaging.errors import BrokerError, InRecovery, OffsetUnknown
from messaging.models import Recovery, StoredOffset
from messaging.rules import Judgement, Place, judge

logger = logging.getLogger(__name__)


class Moved(Exception):  # it says what the offset did
    """Somebody else stored an offset of ours: another consumer, a replay, or a database that went back. Roll back, start anew."""


def prepare(*, broker: Broker, topic: str, now: datetime, ends: Mapping[int, int] | None = None) -> bool:
    """Compare what is stored with what the broker has, before anything is read or published (protocol rule 9).

    Gives every partition a stored offset and starts lost logs at their beginning; returns whether one was lost. A consumer says in `ends`
    how far it saw its partitions, and its lag is shown.
    Raises InRecovery when the database is behind the broker, BrokerError when there is no such topic yet.
    """
    before = {row.partition: _place(row) for row in StoredOffset.objects.filter(topic=topic)}
    cluster_id, bounds = broker.cluster_id(), broker.bounds(topic=topic)
    if not bounds:
        raise BrokerError(f"there is no topic {topic}")
    committed = broker.committed(topic=topic, group=topic, partitions=bounds)

    def judged(places: Mapping[int, Place]) -> dict[int, Judgement]:
        return {
            partition: judge(stored=places.get(partition), committed=committed.get(partition), bounds=ends, cluster_id=cluster_id)
            for partition, ends in bounds.items()
        }

    if set(judged(before).values()) == {Judgement.GO_ON}:  # nearly always; only what looks wrong is looked at again under lock
        _show_lag(before, bounds, ends or {})
        return False
    with transaction.atomic():
        stored = {row.partition: row for row in _lock(topic, bounds)}
        places = {partition: _place(row) for partition, row in stored.items()}
        verdicts = judged(places)
        behind = {partition: committed[partition] for partition, verdict in verdicts.items() if verdict is Judgement.DATABASE_WENT_BACK}
        # A place that moved while the broker was asked is beyond the end it told because another consumer reads there.
        lost = [place for place, verdict in verdicts.items() if verdict is Judgement.LOG_LOST and places[place] == before.get(place)]
        if behind:
            _enter_recovery(behind, stored, cluster_id, now)
        else:
            begun = [partition for partition, verdict in verdicts.items() if verdict is Judgement.BEGIN]
            fresh = [_fresh(topic, partition, bounds[partition][0], cluster_id, now) for partition in begun]
            StoredOffset.objects.bulk_create(fresh, ignore_conflicts=True)  # another consumer may be starting too
            for partition in lost:
                _start_again(stored[partition], bounds[partition][0], cluster_id, now)
    _show_lag(places, bounds, ends or {})
    if behind:
        raise InRecovery(detail=_detail(behind, stored))
    return bool(lost)


def stored(*, topic: str, partitions: Collection[int]) -> dict[int, int]:
    """Return the next offset of each partition; raise Moved when one has none, because it was not prepared."""
    found = {partition: offset for partition, offset in known(topic=topic).items() if partition in partitions}
    if len(found) != len(set(partitions)):
        raise Moved
    return found


def known(*, topic: str) -> dict[int, int]:
    """Return the next offset of each partition that was prepared; one that a topic has just been given is absent."""
    return dict(StoredOffset.objects.filter(topic=topic).values_list("partition", "next_offset"))


def lock(*, topic: str, expected: Mapping[int, int]) -> dict[int, StoredOffset]:
    """Lock the partitions' offsets, first in every transaction that handles records; raise Moved where one is not as expected."""
    rows = lock_rows(topic=topic, partitions=expected)
    if {partition: row.next_offset for partition, row in rows.items()} != dict(expected):
        raise Moved
    return rows


def lock_rows(*, topic: str, partitions: Collection[int]) -> dict[int, StoredOffset]:
    """Lock the offsets of those partitions that have one, in the order of their numbers."""
    return {row.partition: row for row in _lock(topic, partitions)}


def unmoved(*, topic: str, since: datetime) -> dict[int, int]:
    """Return the next offset of each partition that nothing was read from since then."""
    return dict(StoredOffset.objects.filter(topic=topic, updated_at__lt=since).values_list("partition", "next_offset"))


def advance(*, rows: Mapping[int, StoredOffset], offsets: Mapping[int, int], now: datetime) -> None:
    """Store the next offsets of partitions locked in this transaction, together with the effects of the records before them."""
    values = [(rows[partition].pk, offset, 0, _still_rewound(rows[partition], offset), now) for partition, offset in offsets.items()]
    execute(Update(model=StoredOffset, sets=("next_offset", "attempts", "rewound_from", "updated_at"), rows=sorted(values)))


def count_try(*, topic: str, expected: Mapping[int, int], alone: bool) -> int:
    """Count, in a transaction of its own, that records are about to be handled; return how many tries there were, or 0.

    So a handler that ends the process counts too. After an unfinished try only a record alone counts: 0 says to try less. Raises Moved.
    """
    with transaction.atomic():
        rows = lock(topic=topic, expected=expected)
        before = max(row.attempts for row in rows.values())
        if before and not alone:
            return 0
        execute(Update(model=StoredOffset, adds=("attempts",), rows=sorted((row.pk, 1) for row in rows.values())))
        return before + 1


def rewind(*, topic: str, starts: Mapping[int, int] | None, now: datetime) -> dict[int, tuple[int, int]]:
    """Move stored offsets back inside the caller's transaction, all to the beginning when `starts` is None; return (from, to) of each.

    Remembers from where, so that the broker's account is not mistaken for a database that went back. Raises OffsetUnknown.
    """
    rows = {row.partition: row for row in StoredOffset.objects.select_for_update(no_key=True).filter(topic=topic).order_by("partition")}
    wanted = dict.fromkeys(rows, 0) if starts is None else starts
    for partition, start in wanted.items():
        if partition not in rows or not 0 <= start <= rows[partition].next_offset:
            raise OffsetUnknown(partition=partition)
    fields = ("next_offset", "rewound_from", "attempts", "updated_at")
    moved = [(rows[partition].pk, start, _place(rows[partition]).furthest, 0, now) for partition, start in wanted.items()]
    execute(Update(model=StoredOffset, sets=fields, rows=sorted(moved)))
    return {partition: (rows[partition].next_offset, start) for partition, start in wanted.items()}


def accept(*, topic: str, committed: Mapping[int, int], cluster_id: str, now: datetime) -> None:
    """Go on where the database says although the broker says we had read further: two persons ended the recovery."""
    rows = {row.partition: row for row in _lock(topic, committed)}
    for partition, offset in committed.items():
        row = rows.get(partition)
        next_offset = row.next_offset if row is not None and row.cluster_id == cluster_id else 0
        StoredOffset.objects.update_or_create(
            topic=topic,
            partition=partition,
            defaults={"next_offset": next_offset, "cluster_id": cluster_id, "rewound_from": offset, "attempts": 0, "updated_at": now},
        )


def _show_lag(places: Mapping[int, Place], bounds: Mapping[int, Bounds], ends: Mapping[int, int]) -> None:
    """Show how far a consumer is behind in its partitions. What lies before an end it saw are Kafka's own marks of transactions."""
    for gauge in (meters.LAG, meters.NEXT_OFFSET):
        gauge.clear()
    for partition in places.keys() & bounds.keys() & ends.keys():
        next_offset = places[partition].next_offset
        meters.NEXT_OFFSET.labels(partition).set(next_offset)
        meters.LAG.labels(partition).set(max(0, bounds[partition][1] - max(next_offset, ends[partition])))


def _lock(topic: str, partitions: Collection[int]) -> list[StoredOffset]:
    rows = StoredOffset.objects.select_for_update(no_key=True).filter(topic=topic, partition__any=list(partitions))
    return list(rows.order_by("topic", "partition"))


def _place(row: StoredOffset) -> Place:
    return Place(next_offset=row.next_offset, cluster_id=row.cluster_id, rewound_from=row.rewound_from)


def _still_rewound(row: StoredOffset, offset: int) -> int | None:
    return row.rewound_from if row.rewound_from is not None and row.rewound_from > offset else None


def _fresh(topic: str, partition: int, first: int, cluster_id: str, now: datetime) -> StoredOffset:
    return StoredOffset(topic=topic, partition=partition, next_offset=first, cluster_id=cluster_id, updated_at=now)


def _start_again(row: StoredOffset, first: int, cluster_id: str, now: datetime) -> None:
    """Begin a lost log at its earliest record; on the same cluster the broker may still say we had read further."""
    level = logging.INFO if settings.KAFKA_EMBEDDED else logging.ERROR  # the embedded broker forgets at every exit
    logger.log(level, "broker.log-lost", extra={"topic": row.topic, "partition": row.partition, "stored": row.next_offset})
    rewound_from = _place(row).furthest if row.cluster_id == cluster_id else None
    fields = {"next_offset": first, "cluster_id": cluster_id, "rewound_from": rewound_from, "attempts": 0, "updated_at": now}
    StoredOffset.objects.filter(pk=row.pk).update(**fields)


def _enter_recovery(behind: Mapping[int, int], stored: Mapping[int, StoredOffset], cluster_id: str, now: datetime) -> None:
    logger.error("bank.in-recovery", extra={"partitions": sorted(behind)})
    committed = {str(partition): offset for partition, offset in behind.items()}
    fresh = Recovery(detail=_detail(behind, stored), cluster_id=cluster_id, committed=committed, since=now)
    Recovery.objects.bulk_create([fresh], ignore_conflicts=True)  # at most one is open


def _detail(behind: Mapping[int, int], stored: Mapping[int, StoredOffset]) -> str:
    """Say which partitions differ."""
    ours = {partition: stored[partition].next_offset if partition in stored else 0 for partition in behind}
    places = [f"partition {place}: broker {offset}, database {ours[place]}" for place, offset in sorted(behind.items())]
    return "; ".join(["Read so far by two accounts", *places])[:500]
