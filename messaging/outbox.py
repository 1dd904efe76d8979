"""The outbox: what this bank owes other banks to say, written in the transaction that causes it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction
from uuid_utils.compat import uuid7

from access.sets import Insert, Update, execute
from access.site import this_bank
from messaging import envelope
from messaging.errors import MessageTooLarge
from messaging.models import Message

MAX_VALUE_BYTES = 900_000  # below the 1 MiB at which a broker refuses a record by default
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


def enqueue(
    *,
    destination: str,
    partition: int,
    type: str,  # noqa: A002  # CloudEvents' name, and the column's
    data: msgspec.Struct,
    now: datetime,
    is_request: bool,
    open_items: int = 0,
) -> UUID:
    """Announce one message within the caller's transaction and return its id; raise MessageTooLarge."""
    draft = Draft(destination=destination, partition=partition, type=type, data=data, is_request=is_request, open_items=open_items)
    return enqueue_each(messages=[draft], now=now)[0]


def enqueue_each(*, messages: Sequence[Draft], now: datetime) -> list[UUID]:
    """Announce the messages within the caller's transaction, in one statement; return their ids, in order; raise MessageTooLarge."""
    execute(writes_for(messages=messages, now=now))
    return [message.id for message in messages]


def writes_for(*, messages: Sequence[Draft], now: datetime) -> Insert:
    """Return the write that announces the messages, for callers who join it with their own in one statement; raise MessageTooLarge."""
    assert transaction.get_connection().in_atomic_block, "a message is announced by the transaction that causes it"
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
    if len(value) > MAX_VALUE_BYTES:
        raise MessageTooLarge(size=len(value), limit=MAX_VALUE_BYTES)
    return (message.id, message.destination, message.partition, message.type, value, message.open_items, message.is_request, now, now)
