"""Deciding what other banks ask for: once, for ever, with the postings and the answer in one transaction (protocol rule 1)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from access.errors import DomainError
from access.sets import Insert
from access.site import Site, this_bank
from accounts import ledger
from accounts.money import MAX_AMOUNT_MINOR
from messaging import dead_letters, outbox
from messaging.dead_letters import Fault
from messaging.envelope import Received
from messaging.partitions import partition_of
from messaging.selectors import PeerRow, peers
from transfers import errors, rules, selectors, storage
from transfers.entry import Entry
from transfers.events import DECIDED, Decision, TransfersDecided
from transfers.reading import Asked, Orders
from transfers.services.clearing import lock_with_clearing

Name = tuple[str, UUID]  # what crosses between banks is named by (origin bank, origin transfer id)


def receive_transfers(*, received: Sequence[Received[Orders]], now: datetime) -> None:
    """Decide every transfer of these verified requests exactly once and announce the answers, in the consumer's transaction.

    A transfer decided before keeps its decision and is answered again; the same name with other content is a dead letter. A refused
    transfer is a decision, not an error. Raises DecidedElsewhere when another consumer decided first (transient).
    """
    _decide(received, now=now, cancelled=False)


def receive_cancels(*, received: Sequence[Received[Orders]], now: datetime) -> None:
    """Answer cancels as `receive_transfers` does; an order not decided yet is rejected for ever, its tombstone (protocol rule 2)."""
    _decide(received, now=now, cancelled=True)


def _decide(received: Sequence[Received[Orders]], *, now: datetime, cancelled: bool) -> None:
    site, senders = this_bank(), peers(codes={message.source for message in received})
    first_asked: dict[Name, Asked] = {}
    for message in received:
        for asked in message.data.orders:
            first_asked.setdefault((message.source, asked.id), asked)
    drafts = {name: _draft(name[0], asked, bank=site.code, now=now) for name, asked in first_asked.items()}
    locked = lock_with_clearing(_bookable(drafts, site=site), now=now)  # lock first: what is read next cannot change under us
    decided = selectors.decisions(names=drafts)
    fresh = {name: entry for name, entry in drafts.items() if name not in decided}
    refusals = {name: _refusal(first_asked[name], sender=senders[name[0]], cancelled=cancelled, now=now) for name in fresh}
    decisions = decided | fresh

    def conclude(posted: Mapping[UUID, ledger.Outcome]) -> list[Insert]:
        for name, entry in fresh.items():
            outcome = refusals[name] or posted[entry.id]
            if isinstance(outcome, DomainError):
                entry.status, entry.reason = rules.REJECTED, outcome.iso_reason
        answers = [_answer(message, decisions, sender=senders[message.source]) for message in received]
        messages = outbox.writes_for(messages=[answer for answer in answers if answer], now=now)
        return [*storage.inserts(list(fresh.values()), now=now), messages]

    _book([entry for name, entry in fresh.items() if refusals[name] is None], conclude=conclude, locked=locked, now=now)
    for message in received:
        dead_letters.bury_each(record=message.record, faults=_contradictions(message, decisions), now=now)


def _draft(source: str, asked: Asked, *, bank: str, now: datetime) -> Entry:
    """Return an order of another bank as the transfer it becomes here, credited until refused; its texts as they can be stored."""
    return Entry(
        kind="incoming",
        status=rules.CREDITED,
        amount_minor=asked.amount_minor,
        currency=asked.currency,
        debtor_number=rules.cut(asked.debtor_iban, 34),
        debtor_name=rules.cut(asked.debtor_name),
        creditor_number=rules.cut(asked.creditor_iban, 34),
        creditor_name=rules.cut(asked.creditor_name),
        origin_bank=source,
        origin_id=asked.id,
        destination_bank=bank,
        reference=rules.cut(asked.reference),
        end_to_end_id=rules.cut(asked.end_to_end_id, 35),
        content_hash=asked.content_hash,
        created_at=now,
        expires_at=asked.expires_at,
        decided_at=now,
        settled_at=now,
    )


def _refusal(asked: Asked, *, sender: PeerRow, cancelled: bool, now: datetime) -> DomainError | None:
    """Return why an order cannot be credited, as far as that can be seen without its account."""
    if cancelled:
        return errors.OrderCancelled()
    if asked.flaw:
        return asked.flaw
    if asked.expires_at is not None and asked.expires_at < now:
        return errors.OrderExpired(expires_at=asked.expires_at.isoformat())
    return rules.refuse_peer(bank=sender.code, status=sender.status)


def _bookable(drafts: Mapping[Name, Entry], *, site: Site) -> list[Entry]:
    """Return the drafts that the ledger can be asked about: the others are refused anyway and must not open a clearing account."""
    return [
        entry
        for entry in drafts.values()
        if entry.currency in site.currencies
        and entry.amount_minor <= MAX_AMOUNT_MINOR
        and rules.refuse_customer_number(number=entry.creditor_number, bank=site.code) is None
    ]


def _book(
    good: Sequence[Entry], *, conclude: Callable[[Mapping[UUID, ledger.Outcome]], list[Insert]], locked: ledger.Locked, now: datetime
) -> None:
    """Credit what can be credited, and write every decision and answer with it, in one statement.

    Decisions are plainly inserted, so that a second can never stand beside the first.
    """
    steps = [move for entry in good for move in rules.booking(entry, group=None)]
    try:
        ledger.post(
            steps=steps,
            booked_at=now,
            locked=locked,
            also=lambda outcomes: conclude({entry.id: outcome for entry, outcome in zip(good, outcomes, strict=True)}),
        )
    except IntegrityError as error:
        if selectors.is_name_conflict(error):
            raise errors.DecidedElsewhere("another consumer decided one of these transfers first") from error
        raise


def _answer(message: Received[Orders], decisions: Mapping[Name, Entry], *, sender: PeerRow) -> outbox.Draft | None:
    """Return the answer to one message, rebuilt from the decisions about the orders it names with their own content."""
    entries = [(decisions[message.source, asked.id], asked) for asked in message.data.orders]
    known = tuple(_decision(entry) for entry, asked in entries if entry.content_hash == asked.content_hash)
    if not known:
        return None
    partition = partition_of(str(known[0].id), sender.partitions)
    return outbox.Draft(
        destination=message.source, partition=partition, type=DECIDED, data=TransfersDecided(decisions=known), is_request=False
    )


def _contradictions(message: Received[Orders], decisions: Mapping[Name, Entry]) -> list[Fault]:
    """Return the orders that name a known transfer with other content: they are buried instead of answered."""
    return [
        Fault(reason="other-content", detail=f"transfer {asked.id} was decided with other content", item=str(asked.id))
        for asked in message.data.orders
        if decisions[message.source, asked.id].content_hash != asked.content_hash
    ]


def _decision(entry: Entry) -> Decision:
    assert entry.decided_at is not None, "an incoming transfer is decided when it is written"
    return Decision(
        id=entry.origin_id,
        outcome="credited" if entry.status == rules.CREDITED else "rejected",
        amount_minor=entry.amount_minor,
        currency=entry.currency,
        creditor_iban=entry.creditor_number,
        decided_at=entry.decided_at,
        reason=entry.reason,
    )
