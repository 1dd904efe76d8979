"""Making a bank whole whose database went back, from the other banks' signed lists, by two persons' word (protocol rule 9)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

import messaging.services
from access import audit
from access.currencies import format_minor
from access.errors import DomainError
from access.models import User
from access.retry import retrying
from access.sets import Insert
from access.site import this_bank
from accounts import ledger, numbers
from accounts.iban import bank_code_of
from messaging import dead_letters, outbox
from messaging.envelope import Received
from messaging.errors import NotInRecovery
from messaging.models import Recovery
from messaging.selectors import all_peers
from transfers import errors, rules, selectors, storage
from transfers.entry import Entry
from transfers.events import LIST_REQUESTED, Listed, ListRequested, TransfersListed
from transfers.models import PeerList, PeerListed, Transfer
from transfers.recovering import Lesson, lesson_of
from transfers.services.clearing import lock_with_clearing
from transfers.services.event_stream import keep_event_stream
from transfers.services.list_transfers import PARTITION

BEFORE = timedelta(days=7)  # how far behind the newest thing this database knows the lists begin: a transfer may pend for days
_BOOKED = (Lesson.CREDIT, Lesson.BOOK)
_WRITTEN = (*_BOOKED, Lesson.REJECT)
_DIRECTION = {Lesson.CREDIT: "credits customers here", Lesson.BOOK: "debits customers here"}
_LARGEST = 20  # lines of a request


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far the other banks' lists are, and what they would change; `unclear` names what people must look at."""

    missing: list[str]
    lessons: Mapping[str, int]
    unclear: list[str]


def ask_for_lists(*, now: datetime) -> list[str]:
    """Ask every other bank for its list, once in a recovery; return the banks that have not told all. Raises NotInRecovery."""
    retrying(lambda: keep_event_stream(now=now))
    with transaction.atomic():
        recovery = _open_recovery()
        newest = Transfer.objects.order_by("-id").values_list("created_at", flat=True).first() or now
        asked = set(PeerList.objects.filter(recovery=recovery).values_list("bank", flat=True))
        for bank in (code for code in _others() if code not in asked):
            since = newest - BEFORE
            request = _ask(bank, ListRequested(since=since), now=now)
            PeerList.objects.create(recovery=recovery, bank=bank, since=since, request=request)
    return _missing(recovery)


def take_list(*, received: Sequence[Received[TransfersListed]], now: datetime) -> None:
    """Keep pages of the lists that were asked for and ask for what follows; any other page is nobody's answer and changes nothing.

    A line about a transfer that is not between its sender and us is a dead letter that names the sender.
    """
    for message in received:
        lists = PeerList.objects.select_for_update(no_key=True).filter(bank=message.source, request=message.data.request)
        asked = lists.filter(completed_at__isnull=True).first()
        if asked is None:
            continue
        faults = [said for said in message.data.transfers if not _is_between(said, source=message.source)]
        dead_letters.bury_each(record=message.record, faults=[_fault(said, message.source) for said in faults], now=now)
        rows = [
            PeerListed(list=asked, origin_bank=said.origin, origin_id=said.id, said=msgspec.to_builtins(said))
            for said in message.data.transfers
            if said not in faults
        ]
        PeerListed.objects.bulk_create(rows, ignore_conflicts=True)
        outbox.finish(id=message.data.request, now=now)
        if message.data.next is None:
            lists.filter(pk=asked.pk).update(completed_at=now)
        else:
            following = _ask(message.source, ListRequested(since=asked.since, after=message.data.next), now=now)
            PeerList.objects.filter(pk=asked.pk).update(request=following)


def standing() -> Standing:
    """Return what the lists say and change, as far as they have come; raises NotInRecovery."""
    recovery = _open_recovery()
    lessons = _lessons(recovery)
    counted = Counter(lesson.name.lower() for lesson, _, _ in lessons)
    return Standing(missing=_missing(recovery), lessons=dict(counted), unclear=_unclear(lessons))


def end_recovery(*, by: User, reason: str, now: datetime, without_lists: bool = False) -> bool:
    """Ask for the end of the recovery, or grant it as the second person: then the lists are booked and the bank reads on.

    Return whether it ended. Raises NotInRecovery, ListsMissing, NotAllowed, ReasonMissing, OwnApproval.
    """
    with transaction.atomic():
        recovery = _open_recovery()
        missing, lessons = _missing(recovery), _lessons(recovery, is_complete=True)
        if missing and not without_lists:
            raise errors.ListsMissing(banks=", ".join(missing))
        facts = _facts(lessons) | {"lists_missing": missing, "without_lists": without_lists}
        ended = messaging.services.end_recovery(by=by, reason=reason, facts=facts, bound=("digest", "without_lists"), now=now)
        if ended:
            _apply(recovery, lessons, by=by, reason=reason, now=now)
    return ended


def _facts(lessons: Sequence[tuple[Lesson, Listed, str]]) -> dict[str, Any]:
    """Return what the second person is shown: what would move by bank, direction and currency, the largest lines, and what is unclear.

    `digest` is of every line that would be booked or rejected, so that what is granted is what was shown.
    """
    moves = [(lesson, said, bank) for lesson, said, bank in lessons if lesson in _BOOKED]
    sums = Counter[str]()
    for lesson, said, bank in moves:
        sums[f"{bank} {_DIRECTION[lesson]} {said.currency}"] += said.amount_minor
    largest = sorted(moves, key=lambda move: (-move[1].amount_minor, move[1].id))[:_LARGEST]
    lines = sorted(f"{bank} {lesson.name} {msgspec.json.encode(said).decode()}" for lesson, said, bank in lessons if lesson in _WRITTEN)
    return {
        "lessons": dict(Counter(lesson.name.lower() for lesson, _, _ in lessons)),
        "sums": [f"{what} {format_minor(minor, what[-3:])}" for what, minor in sorted(sums.items())],
        "largest": [f"{bank} {_DIRECTION[lesson]} {_transfer(said)}" for lesson, said, bank in largest],
        "unclear": _unclear(lessons)[:50],
        "digest": sha256("\n".join(lines).encode()).hexdigest(),
    }


def _transfer(said: Listed) -> str:
    return f"{format_minor(said.amount_minor, said.currency)} {said.currency}: {said.debtor_iban} to {said.creditor_iban}"


def _unclear(lessons: Sequence[tuple[Lesson, Listed, str]]) -> list[str]:
    return [f"{said.origin} {said.id}: {said.outcome} says {bank}" for lesson, said, bank in lessons if lesson is Lesson.UNCLEAR]


def _apply(recovery: int, found: Sequence[tuple[Lesson, Listed, str]], *, by: User, reason: str, now: datetime) -> None:
    """Book what the lists teach in one post; what no account can bear or take goes to suspense, which is listed and never lost.

    What not even suspense can stays unclear: the trail of the recovery names it, and nothing of it is written.
    """
    lessons = [(lesson, said, bank) for lesson, said, bank in found if lesson in _WRITTEN]
    entries = [_entry(lesson, said, source=bank, now=now) for lesson, said, bank in lessons]
    if not entries:
        return
    booked = [entry for entry, (lesson, _, _) in zip(entries, lessons, strict=True) if lesson in _BOOKED]
    locked = lock_with_clearing(booked, now=now, also={numbers.suspense(entry.currency) for entry in booked})
    judged = ledger.judge(steps=[_move(entry) for entry in booked], locked=locked, at=now)
    refused = _refused(booked, judged)

    def conclude(posted: Sequence[ledger.Outcome]) -> list[Insert]:
        unclear = _refused(booked, posted)
        return storage.inserts([entry for entry in entries if entry.id not in unclear], now=now)

    steps = [_move(entry, by_suspense=entry.id in refused) for entry in booked]
    unclear = _refused(booked, ledger.post(steps=steps, booked_at=now, locked=locked, also=conclude))
    after = {
        "transfers": len(entries) - len(unclear),
        "by_suspense": sorted(str(id_) for id_ in refused - unclear)[:50],
        "unclear": sorted(f"{entry.origin_bank} {entry.origin_id}" for entry in booked if entry.id in unclear)[:50],
    }
    audit.record(actor=by, action="recovery.booked", subject=f"recovery:{recovery}", after=after, reason=reason, now=now)


def _refused(booked: Sequence[Entry], outcomes: Sequence[ledger.Outcome]) -> set[UUID]:
    return {entry.id for entry, outcome in zip(booked, outcomes, strict=True) if isinstance(outcome, DomainError)}


def _entry(lesson: Lesson, said: Listed, *, source: str, now: datetime) -> Entry:
    """Return the transfer as it stands after the lesson; the fee of one of ours is not known any more and not taken again."""
    is_ours = lesson is Lesson.BOOK
    entry = Entry(
        kind="outgoing" if is_ours else "incoming",
        status={Lesson.BOOK: rules.COMPLETED, Lesson.CREDIT: rules.CREDITED, Lesson.REJECT: rules.REJECTED}[lesson],
        amount_minor=said.amount_minor,
        currency=said.currency,
        debtor_number=said.debtor_iban,
        debtor_name=said.debtor_name,
        creditor_number=said.creditor_iban,
        creditor_name=said.creditor_name,
        origin_bank=said.origin,
        origin_id=said.id,
        destination_bank=source if is_ours else this_bank().code,
        reference=said.reference,
        end_to_end_id=said.end_to_end_id,
        reason=said.reason,
        content_hash=bytes.fromhex(said.content),
        created_at=now,
        decided_at=said.decided_at or now,
        settled_at=now,
    )
    entry.id = said.id if is_ours else entry.id
    return entry


def _move(entry: Entry, *, by_suspense: bool = False) -> ledger.Move:
    """Return what books the transfer, with suspense in the customer's place where its account cannot."""
    debit, credit = rules.parties(entry)
    if by_suspense:
        suspense = numbers.suspense(entry.currency)
        debit, credit = (suspense, credit) if entry.kind == "outgoing" else (debit, suspense)
    return ledger.Move(transfer_id=entry.id, leg=rules.BOOK, debit=debit, credit=credit, amount=entry.amount)


def _lessons(recovery: int, *, is_complete: bool = False) -> list[tuple[Lesson, Listed, str]]:
    """Return what each line of the lists teaches, with the bank whose list it is; an id of ours that is not free teaches nothing.

    With `is_complete` of complete lists alone: of another one nobody knows what it would say next.
    """
    listed = PeerListed.objects.filter(list__recovery=recovery).order_by("id")
    rows = (listed.filter(list__completed_at__isnull=False) if is_complete else listed).values_list("said", "list__bank")
    lines = [(msgspec.convert(said, type=Listed, strict=False), bank) for said, bank in rows]
    known = selectors.decisions(names={(said.origin, said.id) for said, _ in lines})
    own = this_bank().code
    lessons = [(lesson_of(said, source=bank, own=own, known=known.get((said.origin, said.id))), said, bank) for said, bank in lines]
    claimed = Counter(said.id for lesson, said, _ in lessons if lesson is Lesson.BOOK)
    taken = set(Transfer.objects.filter(id__any=list(claimed)).values_list("id", flat=True))  # by a transfer of another name
    taken |= {id_ for id_, claims in claimed.items() if claims > 1}
    return [(Lesson.UNCLEAR if lesson is Lesson.BOOK and said.id in taken else lesson, said, bank) for lesson, said, bank in lessons]


def _is_between(said: Listed, *, source: str) -> bool:
    """Return whether a line is about a transfer between the list's sender and us."""
    own = this_bank()
    if said.origin not in {source, own.code}:
        return False
    if said.origin == source and said.outcome == "rejected":
        return True  # whatever it was rejected for, a number or currency that is none of ours included
    ends = (source, own.code) if said.origin == source else (own.code, source)
    return ends == (bank_code_of(said.debtor_iban), bank_code_of(said.creditor_iban)) and said.currency in own.currencies


def _fault(said: Listed, source: str) -> dead_letters.Fault:
    detail = f"{source} lists transfer {said.id} of {said.origin}, which is not between us"
    return dead_letters.Fault(reason="listed-wrongly", detail=detail, item=str(said.id))


def _ask(bank: str, wanted: ListRequested, *, now: datetime) -> UUID:
    draft = outbox.Draft(destination=bank, partition=PARTITION, type=LIST_REQUESTED, data=wanted, is_request=True, open_items=1)
    return outbox.enqueue_each(messages=[draft], now=now)[0]


def _missing(recovery: int) -> list[str]:
    """Return the banks whose list has not been asked for or is not complete."""
    told = set(PeerList.objects.filter(recovery=recovery, completed_at__isnull=False).values_list("bank", flat=True))
    return [code for code in _others() if code not in told]


def _others() -> list[str]:
    """Return the banks that may have transfers with this one; with the head bank none has."""
    if this_bank().is_head_bank:
        return []
    return [peer.code for peer in all_peers() if peer.status != "closed" and peer.code != this_bank().code]


def _open_recovery() -> int:
    recovery: Any = Recovery.objects.filter(ended_at__isnull=True).values_list("pk", flat=True).first()
    if recovery is None:
        raise NotInRecovery
    return int(recovery)
