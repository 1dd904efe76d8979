"""Reconciling with other banks: comparing totals of days, and halving what differs until the transfers are named. Nothing is booked."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
from django.db import transaction
from uuid_utils.compat import uuid7

from access.retry import joining
from access.site import this_bank
from accounts.models import Account
from accounts.numbers import parse
from messaging import dead_letters, outbox
from messaging.envelope import Received
from messaging.partitions import partition_of
from messaging.selectors import PeerRow, peers
from transfers import comparing, decided, errors, rules
from transfers.comparing import Found
from transfers.decided import Stream
from transfers.events import COMPARED, MAX_SPANS, MAX_TOLD, TOTALLED, Compared, Known, Place, Total, TransfersCompared, TransfersTotalled
from transfers.models import Break, Reconciliation, ReconciliationQuestion

SETTLED_AFTER = timedelta(seconds=60)  # what was decided later may not be committed everywhere yet
DAY_ENDS_AFTER = timedelta(minutes=10)  # time for the last answers of a day
AGAIN_AFTER, AGAIN_FOR = timedelta(minutes=10), timedelta(days=7)
DEEPEST = 12  # rounds: 16 to the 12th transfers; a bank that needs more only pretends
MOST_QUESTIONS = 2_000  # of one comparison
Verdict = Reconciliation.Verdict


def reconcile_day(*, day: date, now: datetime) -> list[UUID]:
    """Ask every bank this one has dealt with what it has of a day's transfers, both ways; return the comparisons that begin.

    Of a day that is not over, what was decided up to a minute ago. Raises DayNotBegun.
    """
    start, end = decided.day_of(day, until=now - SETTLED_AFTER)
    if end <= start:
        raise errors.DayNotBegun(day=day.isoformat())

    def work() -> list[UUID]:
        with transaction.atomic():
            return [_begin(stream, peer, day=day, span=(start, end), now=now) for peer, stream in _streams()]

    return joining(work)


def reconcile_due(*, now: datetime, limit: int) -> int:  # noqa: ARG001  # every task is told one; a day has few comparisons
    """Compare the whole of yesterday with every bank, once; and again, after a while, what was still on its way. Return how many begin.

    Safe to repeat, and beside another: a comparison changes nothing but what is known.
    """
    yesterday = (now.astimezone(UTC) - DAY_ENDS_AFTER - timedelta(days=1)).date()
    _, midnight = decided.day_of(yesterday, until=now)
    if not Reconciliation.objects.filter(day=yesterday, until_at=midnight.at).exists():  # a day compared before it was over is not done
        return len(reconcile_day(day=yesterday, now=now))
    rows = Reconciliation.objects.filter(day__gte=yesterday - AGAIN_FOR).order_by("day", "peer", "origin_bank", "currency", "id")
    newest = {(row.day, row.peer, row.origin_bank, row.currency): row for row in rows}.values()
    waiting = [row for row in newest if row.verdict == Verdict.WAITING and row.ended_at and row.ended_at < now - AGAIN_AFTER]

    def work() -> int:
        known = peers(codes={row.peer for row in waiting})
        with transaction.atomic():
            for row in waiting:
                stream = Stream(origin=row.origin_bank, peer=row.peer, currency=row.currency)
                span = decided.day_of(row.day, until=now - SETTLED_AFTER)
                _begin(stream, known[row.peer], day=row.day, span=span, now=now)
        return len(waiting)

    return joining(work)


def answer_totals(*, received: Sequence[Received[TransfersTotalled]], now: datetime) -> None:
    """Answer each total with this bank's own, and where they differ with what it has there: its transfers if few, else parts."""
    known = peers(codes={message.source for message in received})
    answers = []
    for message in received:
        stream = Stream(origin=message.data.origin, peer=message.source, currency=message.data.currency)
        data = TransfersCompared(question=message.id, spans=tuple(_compared(stream, asked) for asked in message.data.totals))
        partition = partition_of(str(message.id), known[message.source].partitions)
        answers.append(outbox.Draft(destination=message.source, partition=partition, type=COMPARED, data=data, is_request=False))
    outbox.enqueue_each(messages=answers, now=now)


def judge_comparisons(*, received: Sequence[Received[TransfersCompared]], now: datetime) -> None:
    """Name what differs by these verified answers, or ask on; the same answer twice does nothing.

    One to a question nobody asked that bank, or about other spans, changes nothing and is a dead letter.
    """
    for message in received:
        asked = ReconciliationQuestion.objects.filter(id=message.data.question).first()
        run = Reconciliation.objects.select_for_update(no_key=True).filter(id=asked.reconciliation_id).first() if asked else None
        if asked is None or run is None or run.peer != message.source:
            detail = f"{message.source} answers {message.data.question}"
            dead_letters.bury(record=message.record, reason="answer-to-unknown", detail=detail, now=now)
            continue
        question = ReconciliationQuestion.objects.filter(id=asked.id, answered_at__isnull=True).first()  # read under the lock
        if question is None:
            continue
        totals = msgspec.json.decode(bytes(question.totals), type=tuple[Total, ...])
        if [(said.own.start, said.own.end) for said in message.data.spans] != [(total.start, total.end) for total in totals]:
            dead_letters.bury(record=message.record, reason="answer-with-other-content", detail=f"question {asked.id}", now=now)
            continue
        _Judge(run, question, now=now).hear(message.data.spans)


class _Judge:
    """Takes the answer to one question of a comparison, whose row is locked."""

    def __init__(self, run: Reconciliation, question: ReconciliationQuestion, *, now: datetime) -> None:
        self._run, self._question, self._now = run, question, now
        self._stream = Stream(origin=run.origin_bank, peer=run.peer, currency=run.currency)
        self._further: list[Total] = []

    def hear(self, spans: Sequence[Compared]) -> None:
        """Judge each span, ask on where needed, and end the comparison when nothing is left to be answered."""
        if self._question.depth == 0:
            self._run.their_count, self._run.their_credited_minor = spans[0].own.count, spans[0].own.credited_minor
        for said in spans:
            self._judge(said)
        ReconciliationQuestion.objects.filter(id=self._question.id).update(answered_at=self._now)
        outbox.close_items(counts={self._question.id: 1}, now=self._now)
        self._ask_on()
        if not self._run.questions.filter(answered_at__isnull=True).exists():
            _end(self._run, now=self._now)
        self._run.save()

    def _judge(self, said: Compared) -> None:
        own = decided.total(self._stream, start=said.own.start, end=said.own.end)
        if comparing.agree(own, said.own):
            return
        if flaw := comparing.contradiction(said):
            self._run.detail = f"{self._run.peer} contradicts itself: {flaw}"[:200]
        elif said.listed is None:
            mine = [decided.total(self._stream, start=part.start, end=part.end) for part in said.parts]
            self._further += [own for own, part in zip(mine, said.parts, strict=True) if not comparing.agree(own, part)]
        elif own.count > MAX_TOLD:
            self._further += decided.parts(self._stream, whole=own)
        else:
            self._name(own, said.listed)

    def _name(self, own: Total, listed: Sequence[Known]) -> None:
        """Compare the transfers of a span one by one and write down those that differ."""
        theirs = {known.id: known for known in listed}
        ours = decided.known(self._stream, ids=theirs.keys()) | decided.listed(self._stream, whole=own)
        is_origin = self._stream.origin == this_bank().code
        at_origin, at_destination = (ours, theirs) if is_origin else (theirs, ours)
        strangers = [
            known
            for id_, known in at_destination.items()
            if known.outcome != "unknown" and (id_ not in at_origin or at_origin[id_].outcome == "unknown")
        ]
        found, on_their_way = comparing.differences(
            at_origin=at_origin, at_destination=at_destination, doubled=decided.doubled(self._stream, others=strangers), now=self._now
        )
        self._run.on_their_way += on_their_way
        for difference in found:
            self._write(difference)

    def _write(self, difference: Found) -> None:
        """Keep what was found; a break that was known is found again."""
        fields = {
            "reconciliation": self._run,
            "destination_bank": self._stream.destination,
            "kind": difference.kind,
            "currency": self._stream.currency,
            "at_origin": msgspec.to_builtins(difference.at_origin),
            "at_destination": msgspec.to_builtins(difference.at_destination),
            "decided_at": difference.decided_at,
            "ended_at": None,
        }
        Break.objects.update_or_create(
            origin_bank=self._stream.origin, origin_id=difference.id, defaults=fields, create_defaults=fields | {"found_at": self._now}
        )

    def _ask_on(self) -> None:
        if not self._further:
            return
        if self._question.depth >= DEEPEST or self._run.questions.count() >= MOST_QUESTIONS:
            self._run.detail = f"{self._run.peer} differs in more places than can be asked about"
            return
        peer = peers(codes=[self._run.peer])[self._run.peer]
        for first in range(0, len(self._further), MAX_SPANS):
            _ask(self._run, self._further[first : first + MAX_SPANS], peer, depth=self._question.depth + 1, now=self._now)


def _streams() -> list[tuple[PeerRow, Stream]]:
    """Return whose transfers are compared with whom: both ways with every open bank a clearing account is kept for."""
    accounts = Account.objects.filter(kind=Account.Kind.CLEARING).order_by("number").values_list("number", flat=True)
    named = [internal for number in accounts if (internal := parse(number))]
    known = peers(codes={internal.owner for internal in named})
    return [
        (known[internal.owner], Stream(origin=origin, peer=internal.owner, currency=internal.currency))
        for internal in named
        if internal.owner in known and known[internal.owner].status != "closed"
        for origin in (this_bank().code, internal.owner)
    ]


def _begin(stream: Stream, peer: PeerRow, *, day: date, span: tuple[Place, Place], now: datetime) -> UUID:
    """Write down the comparison and ask for the other bank's total of the whole day."""
    own = decided.total(stream, start=span[0], end=span[1])
    run = Reconciliation.objects.create(
        peer=stream.peer,
        origin_bank=stream.origin,
        currency=stream.currency,
        day=day,
        until_at=span[1].at,
        asked_at=now,
        our_count=own.count,
        our_credited_minor=own.credited_minor,
    )
    _ask(run, [own], peer, depth=0, now=now)
    return run.id


def _ask(run: Reconciliation, totals: Sequence[Total], peer: PeerRow, *, depth: int, now: datetime) -> None:
    """Send a question that is repeated until answered."""
    data = TransfersTotalled(origin=run.origin_bank, currency=run.currency, totals=tuple(totals))
    partition = partition_of(str(run.id), peer.partitions)
    draft = outbox.Draft(id=uuid7(), destination=peer.code, partition=partition, type=TOTALLED, data=data, is_request=True, open_items=1)
    ReconciliationQuestion.objects.create(id=draft.id, reconciliation=run, depth=depth, totals=msgspec.json.encode(totals))
    outbox.enqueue_each(messages=[draft], now=now)


def _compared(stream: Stream, asked: Total) -> Compared:
    """Return this bank's word about one total it was asked about."""
    own = decided.total(stream, start=asked.start, end=asked.end)
    if comparing.agree(own, asked):
        return Compared(own=own)
    if own.count > MAX_TOLD:
        return Compared(own=own, parts=tuple(decided.parts(stream, whole=own)))
    told = decided.known(stream, ids=asked.ids) | decided.listed(stream, whole=own)
    return Compared(own=own, listed=tuple(told.values()))


def _end(run: Reconciliation, *, now: datetime) -> None:
    """Give the comparison its verdict; breaks of its day that it has not found again are over."""
    run.ended_at = now
    breaks = Break.objects.filter(origin_bank=run.origin_bank, ended_at__isnull=True, currency=run.currency)
    if not run.detail:
        start, end = decided.day_of(run.day, until=run.until_at)
        pair = {run.peer, this_bank().code} - {run.origin_bank}
        over = breaks.filter(destination_bank__in=pair, decided_at__gte=start.at, decided_at__lt=end.at)
        over.exclude(reconciliation=run).update(ended_at=now)
    unrepaired = breaks.filter(reconciliation=run).exclude(repair__status=rules.COMPLETED)
    if run.detail or unrepaired.exists():
        run.verdict = Verdict.BROKEN
    else:
        run.verdict = Verdict.WAITING if run.on_their_way else Verdict.AGREED
