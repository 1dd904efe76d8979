"""The outbox: what this bank owes other banks to say, written in the transaction that causes it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Length
from uuid_utils.compat import uuid7

from access import request_id
from access.sets import Insert, Update, execute
from access.site import this_bank
from messaging import envelope
from messaging.errors import MessageTooLarge
from messaging.models import Message

_BATCH_BYTES = 8_000_000  # of each kind: a publication stays well within the broker's transaction timeout
_FIELDS = ("id", "destination", "partition", "type", "value", "open_items", "is_request", "created_at", "next_at")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A message to be sent: a request stays until `open_items` answers took them off, an answer until it is published."""

    destination: str
    partition: int
    type: str
    data: msgspec.Struct
    is_request: bool
    open_items: int = 0
    id: UUID = field(default_factory=uuid7)


def enqueue_each(*, messages: Sequence[Draft], now: datetime) -> list[UUID]:
    """Announce the messages within the caller's transaction, in one statement; return their ids, in order; raise MessageTooLarge."""
    execute(writes_for(messages=messages, now=now))
    return [message.id for message in messages]


def writes_for(*, messages: Sequence[Draft], now: datetime) -> Insert:
    """Return the write that announces the messages, for callers who join it with their own in one statement; raise MessageTooLarge."""
    assert transaction.get_connection().in_atomic_block, "a message is announced by the transaction that causes it"
    if request_id.current():
        structlog.contextvars.bind_contextvars(message_ids=[str(message.id) for message in messages])  # for the request's own log line
    return Insert(model=Message, fields=_FIELDS, rows=[_row(message, now) for message in messages])


def close_items(*, counts: Mapping[UUID, int], now: datetime) -> None:
    """Take answered items off requests; one without open items is finished. Two statements; locks by ascending id."""
    assert transaction.get_connection().in_atomic_block, "an item is closed by the transaction that decides it"
    if not counts:
        return
    found = Message.objects.filter(id__any=list(counts)).order_by("id").select_for_update(no_key=True).values_list("id", "open_items")
    left = [(id_, open_items - counts[id_]) for id_, open_items in found]
    rows = [(id_, open_items, now if open_items == 0 else None) for id_, open_items in left]
    execute(Update(model=Message, sets=("open_items", "finished_at"), rows=rows))


def publication_times(*, ids: Collection[UUID]) -> dict[UUID, datetime | None]:
    """Return when each message was first published, None where it was not."""
    return dict(Message.objects.filter(id__any=list(ids)).values_list("id", "first_published_at"))


def _row(message: Draft, now: datetime) -> tuple[object, ...]:
    assert (message.open_items > 0) == message.is_request, "a request waits for answers, an answer for nothing"
    value = envelope.encode(
        id=message.id, source=this_bank().code, destination=message.destination, type=message.type, time=now, data=message.data
    )
    if len(value) > envelope.MAX_VALUE_BYTES:
        raise MessageTooLarge(size=len(value), limit=envelope.MAX_VALUE_BYTES)
    return (message.id, message.destination, message.partition, message.type, value, message.open_items, message.is_request, now, now)


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A message whose time to be published has come; never published before when `first_published_at` is None."""

    id: UUID
    destination: str
    partition: int
    value: bytes
    is_request: bool
    attempts: int
    first_published_at: datetime | None

    @property
    def sort(self) -> str:
        """Return what its publication is: an answer, a request, or the repeat of one."""
        if not self.is_request:
            return "answer"
        return "repeat" if self.first_published_at else "request"


def due(*, now: datetime, limit: int, kind: str = "") -> list[Due]:
    """Return what is to be published now: at most `limit` answers and requests for the first time, then half as many repeats.

    Only messages whose type begins with `kind`, where one is named.
    """
    waiting = Message.objects.filter(finished_at__isnull=True, next_at__lte=now).order_by("next_at", "id")
    if kind:
        waiting = waiting.filter(type__startswith=kind)
    requests = waiting.filter(is_request=True)
    answers = _cut(waiting.filter(is_request=False), limit)
    firsts = _cut(requests.filter(first_published_at__isnull=True), limit - len(answers))
    repeats = _cut(requests.filter(first_published_at__isnull=False), limit // 2)
    ids = [*answers, *firsts, *repeats]
    found = Message.objects.filter(id__any=ids).values(*(column.name for column in fields(Due))) if ids else ()
    rows = {row["id"]: Due(**row | {"value": bytes(row["value"])}) for row in found}
    return [rows[id_] for id_ in ids]


def finish(*, now: datetime, **which: object) -> None:
    """Ask no more for what the open messages with these columns ask: the answer came another way, or nobody waits for it."""
    Message.objects.filter(finished_at__isnull=True, **which).update(open_items=0, finished_at=now)


def mark_published(*, messages: Mapping[Due, datetime], now: datetime) -> None:
    """Write that the messages were published, and when each request is to be repeated; answers are finished. Opens a transaction."""
    requests = [(due.id, due.first_published_at or now, again_at, 1) for due, again_at in messages.items() if due.is_request]
    answers = [(due.id, now, now, 1) for due in messages if not due.is_request]
    with transaction.atomic():
        execute(
            Update(model=Message, sets=("first_published_at", "next_at"), adds=("attempts",), rows=requests),
            Update(model=Message, sets=("first_published_at", "finished_at"), adds=("attempts",), rows=answers),
        )


def postpone(*, messages: Collection[Due], until: datetime) -> None:
    """Leave messages for later that cannot be published now, so that they do not stand before others."""
    Message.objects.filter(id__any=[message.id for message in messages]).update(next_at=until)


def _cut(waiting: QuerySet[Message], limit: int) -> list[UUID]:
    """Return the ids of the first messages that together are not too many bytes for one publication."""
    total, ids = 0, list[UUID]()
    for id_, size in waiting.values_list("id", Length("value"))[: max(limit, 0)]:
        total += size
        if ids and total > _BATCH_BYTES:
            break
        ids.append(id_)
    return ids
