"""Sending transfers to other banks: the bundles that ask for them, announced by the transaction that debits."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from access.sets import Insert
from messaging import outbox
from messaging.partitions import partition_of
from messaging.selectors import PeerRow
from transfers import rules
from transfers.entry import Entry
from transfers.events import REQUESTED, Order, TransfersRequested


def announce(entries: Sequence[Entry], *, peers: Mapping[str, PeerRow], now: datetime) -> list[Insert]:
    """Bundle the pending transfers by destination and partition, name each one's bundle, and return the write that puts them in the outbox.

    The partition follows the creditor, so that consumers of one bank touch different accounts.
    """
    parted: dict[tuple[str, int], list[tuple[Entry, Order]]] = defaultdict(list)
    for entry in entries:
        if entry.status == rules.PENDING:
            partition = partition_of(entry.creditor_number, peers[entry.destination_bank].partitions)
            parted[entry.destination_bank, partition].append((entry, rules.order_of(entry)))
    messages = [_bundle(bank, partition, bundle) for (bank, partition), orders in parted.items() for bundle in rules.bundles(orders)]
    return [outbox.writes_for(messages=messages, now=now)] if messages else []


def _bundle(bank: str, partition: int, orders: Sequence[tuple[Entry, Order]]) -> outbox.Draft:
    """Return the message that asks for the orders and stays until each is answered (protocol rule 3)."""
    data = TransfersRequested(transfers=tuple(order for _, order in orders))
    message = outbox.Draft(destination=bank, partition=partition, type=REQUESTED, data=data, is_request=True, open_items=len(orders))
    for entry, _ in orders:
        entry.message = message.id
    return message
