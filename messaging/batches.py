"""Batches: as many records as one go of transactions should hold, verified, decoded and sorted by who handles them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from messaging import selectors, verifying
from messaging.broker import Record
from messaging.envelope import Received
from messaging.errors import Unreadable
from messaging.handling import Handler, Handlers

MAX_ITEMS = 2_000  # transfers of one transaction

Work = tuple[Handler[Any], list[Received[Any]]]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Records in the order they were read; `work` holds the transactions they need, `offsets` the next of each partition."""

    records: Sequence[Record]
    work: Sequence[Work]
    unreadable: Sequence[tuple[Record, Unreadable]]

    @property
    def message_ids(self) -> list[str]:
        """Return the ids of the messages that count, as both banks' logs name them."""
        return [str(received.id) for _, messages in self.work for received in messages]

    @property
    def offsets(self) -> dict[int, int]:
        """Return the offset after the last record of each partition."""
        return {record.partition: record.offset + 1 for record in self.records}


def cut(*, records: Sequence[Record], handlers: Handlers) -> Batch:
    """Return the first records that together hold about MAX_ITEMS items; keys are those of this moment."""
    keys = selectors.keys(key_ids={verifying.key_id_of(record=record) for record in records})
    taken, items = list[Record](), 0
    readable: dict[str, list[tuple[Handler[Any], Received[Any], int]]] = defaultdict(list)
    unreadable: list[tuple[Record, Unreadable]] = []
    for record in records:
        if items >= MAX_ITEMS:
            break
        taken.append(record)
        try:
            handler, received = verifying.read(record=record, keys=keys, handlers=handlers)
        except Unreadable as error:
            unreadable.append((record, error))
            continue
        size = handler.size(received.data)
        items += size
        readable[received.type].append((handler, received, size))
    work = [piece for messages in readable.values() for piece in _pieces(messages)]
    return Batch(records=taken, work=work, unreadable=unreadable)


def give_up(*, records: Sequence[Record], detail: str) -> Batch:
    """Return the records as dead letters: our own bug must not stand before the others for ever."""
    keys = selectors.keys(key_ids={verifying.key_id_of(record=record) for record in records})
    signers = [verifying.signer_of(record=record, keys=keys) for record in records]
    faults = [Unreadable("handler-failed", detail, signed_by=signer) for signer in signers]
    return Batch(records=records, work=(), unreadable=list(zip(records, faults, strict=True)))


def _pieces(messages: Sequence[tuple[Handler[Any], Received[Any], int]]) -> list[Work]:
    """Return messages of one type as transactions of at most MAX_ITEMS items, or of one message."""
    pieces: list[Work] = []
    items = 0
    for handler, received, size in messages:
        if not pieces or items + size > MAX_ITEMS:
            pieces.append((handler, []))
            items = 0
        pieces[-1][1].append(received)
        items += size
    return pieces
