"""Telling a bank whose database went back what became of the transfers between it and us (protocol rule 9)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from messaging import outbox
from messaging.envelope import Received
from transfers import rules, storage
from transfers.entry import Entry
from transfers.events import LISTED, MAX_LISTED, Listed, ListRequested, TransfersListed
from transfers.models import Transfer
from transfers.selectors.days import first_id_from

PARTITION = 0  # of the asker's letter box: it reads no other while it recovers
_OUTCOMES = {rules.PENDING: "pending", **rules.OUTCOME_OF_STATUS, rules.CREDITED: "credited"}


def answer_list_requests(*, received: Sequence[Received[ListRequested]], now: datetime) -> None:
    """Answer each request with a page of the transfers between its sender and us, in the consumer's transaction."""
    pages = [_page(message.source, message.data, request=message.id) for message in received]
    drafts = [
        outbox.Draft(destination=message.source, partition=PARTITION, type=LISTED, data=page, is_request=False)
        for message, page in zip(received, pages, strict=True)
    ]
    outbox.enqueue_each(messages=drafts, now=now)


def _page(bank: str, asked: ListRequested, *, request: UUID) -> TransfersListed:
    """Return the transfers that pend or were made or decided since the moment named, in the order of our ids.

    Those made since are a range of ids. The few older ones come before it, each kind read from an index of its own and sorted here:
    asked for a sorted page, PostgreSQL may walk along the primary key through all of history.
    """
    first, after = first_id_from(asked.since), asked.after or UUID(int=0)
    outgoing, incoming = Q(kind__word="outgoing", destination_bank=bank), Q(kind__word="incoming", origin_bank=bank)
    rows = Transfer.objects.filter(status__in=list(_OUTCOMES), id__gt=after)
    decided = Q(decided_at__gte=asked.since)
    ways = (outgoing & Q(status__word=rules.PENDING), outgoing & decided, incoming & decided) if after < first else ()
    older = {id_ for way in ways for id_ in rows.filter(way, id__lt=first).values_list("id", flat=True)}
    entries = _entries(rows.filter(id__any=sorted(older)[: MAX_LISTED + 1]))
    if len(entries) <= MAX_LISTED:
        entries += _entries(rows.filter(outgoing | incoming, id__gte=first))[: MAX_LISTED + 1 - len(entries)]
    shown = entries[:MAX_LISTED]
    following = shown[-1].id if len(entries) > MAX_LISTED else None
    return TransfersListed(request=request, transfers=tuple(map(_listed, shown)), next=following)


def _entries(rows: QuerySet[Transfer]) -> list[Entry]:
    return list(storage.entries_of(rows.order_by("id").values_list(*storage.FIELDS)[: MAX_LISTED + 1]).values())


def _listed(entry: Entry) -> Listed:
    content = entry.content_hash or rules.content_hash(rules.order_of(entry))
    return Listed(
        id=entry.origin_id,
        origin=entry.origin_bank,
        outcome=_OUTCOMES[entry.status],  # type: ignore[arg-type]  # the wire's own words
        amount_minor=entry.amount_minor,
        currency=entry.currency,
        creditor_iban=entry.creditor_number,
        creditor_name=entry.creditor_name,
        debtor_iban=entry.debtor_number,
        debtor_name=entry.debtor_name,
        reference=entry.reference,
        end_to_end_id=entry.end_to_end_id,
        reason=entry.reason,
        decided_at=entry.decided_at,
        content=bytes(content).hex(),
    )
