"""Finishing transfers that left: completed when the other bank credited them, given back when it did not."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from access import meters
from access.errors import DomainError
from access.site import this_bank
from accounts import ledger
from messaging import dead_letters, outbox
from messaging.dead_letters import Fault
from messaging.envelope import Received
from transfers import rules, storage
from transfers.entry import Entry
from transfers.events import Decision, TransfersDecided
from transfers.rules import Verdict

OUTCOME = ("status", "reason", "sent_at", "decided_at", "settled_at")


def settle_transfers(*, received: Sequence[Received[TransfersDecided]], now: datetime) -> None:
    """Apply the decisions of these verified answers, in the consumer's transaction.

    The same answer twice does nothing. An answer that does not fit the transfer it names changes nothing and is a dead letter for that one;
    the rest of the message counts (protocol rule 4).
    """
    entries = storage.lock({decision.id for message in received for decision in message.data.decisions})
    finished: list[Entry] = []
    for message in received:
        faults: list[Fault] = []
        for decision in message.data.decisions:
            entry = entries.get(decision.id)
            verdict = rules.judge_answer(entry=entry, source=message.source, decision=decision)
            if verdict is Verdict.APPLY:
                assert entry is not None, "only a transfer that exists is pending"
                finished.append(_finish(entry, decision, now=now))
            elif verdict is not Verdict.SAME:
                detail = f"transfer {decision.id}: {decision.outcome}"
                faults.append(Fault(reason=verdict.value, detail=detail, item=str(decision.id)))
        dead_letters.bury_each(record=message.record, faults=faults, now=now)
    give_back([entry for entry in finished if entry.status != rules.COMPLETED], now=now)
    close(finished, now=now)


def give_back(entries: Sequence[Entry], *, now: datetime) -> None:
    """Post amount and fee back to the debtors; to suspense where an account no longer takes money (`check_books` lists it)."""
    moves = [move for entry in entries for move in rules.refund(entry)]
    if not moves:
        return
    outcomes = ledger.post(steps=moves, booked_at=now)
    refused = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    assert not refused, f"a refund always finds an account: {refused}"


def close(entries: Sequence[Entry], *, now: datetime) -> None:
    """Write the final status of pending transfers and take them off the messages that asked for them, last of all."""
    messages = Counter(entry.message for entry in entries if entry.message)
    sent = outbox.publication_times(ids=messages.keys())
    for entry in entries:
        entry.sent_at = entry.sent_at or (sent.get(entry.message) if entry.message else None)
    storage.change(entries, was=rules.PENDING, fields=OUTCOME, now=now)
    outbox.close_items(counts=messages, now=now)
    _time(entries, now=now)


def _time(entries: Sequence[Entry], *, now: datetime) -> None:
    """Measure how long each transfer waited for its decision, from when it was accepted, or approved where that was needed."""
    valid = timedelta(seconds=this_bank().transfer_valid_s)
    waited = [
        (entry.status, (now - (entry.expires_at - valid if entry.expires_at else entry.created_at)).total_seconds()) for entry in entries
    ]

    def observe() -> None:
        for outcome, seconds in waited:
            meters.DECIDED_AFTER.labels(outcome).observe(max(0, seconds))

    meters.once_committed(observe)


def _finish(entry: Entry, decision: Decision, *, now: datetime) -> Entry:
    """Give the transfer its final status, so that a later answer in the same batch is judged against it."""
    entry.status, entry.reason = rules.status_after(decision), decision.reason
    entry.decided_at, entry.settled_at = decision.decided_at, now
    return entry
