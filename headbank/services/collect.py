"""A settlement window until it is proposed: closed by a person or the clock, reported on by every bank, netted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Max, Q

from access import approvals, audit
from access.models import User
from access.selectors import user_named
from access.site import this_bank
from accounts import numbers
from accounts.selectors.cover import cover_of
from headbank import netting
from headbank.errors import WindowOpen
from headbank.models import Bank, Window, WindowNet, WindowPair, WindowReport
from headbank.netting import Key, Netted, Pair, Said
from headbank.permissions import SETTLE
from headbank.services.locking import lock_register, permit
from messaging import dead_letters, outbox
from messaging.envelope import Received
from messaging.events import SETTLEMENT_WINDOW_CLOSED, Position, PositionsReported, WindowClosed
from messaging.partitions import partition_of

Status = Window.Status
BOOK = "settlement.book"
_UNFINISHED = Q(status__in=(Status.COLLECTING, Status.PROPOSED))


def close_window(*, by: User, reason: str = "", now: datetime) -> UUID:
    """End the settlement window of this moment and ask every bank what it owes the others; return the window's id.

    Raises NotAllowed, NotTheHeadBank, WindowOpen.
    """
    permit(by=by, permission=SETTLE)
    with transaction.atomic():
        lock_register()
        unfinished = Window.objects.filter(_UNFINISHED).first()
        if unfinished is not None:
            raise WindowOpen(window=str(unfinished.id), status=unfinished.status)
        window = Window.objects.create(cut_off_at=now, deadline_at=now + timedelta(seconds=this_bank().settlement_wait_s), asked_by=by)
        banks = Bank.objects.filter(status__in=(Bank.Status.ACTIVE, Bank.Status.SUSPENDED)).order_by("code")
        data = WindowClosed(window=window.id, cut_off_at=now)
        drafts = {
            bank.code: outbox.Draft(
                destination=bank.code,
                partition=partition_of(str(window.id), bank.partitions),
                type=SETTLEMENT_WINDOW_CLOSED,
                data=data,
                is_request=True,  # repeated, and answered anew, until the positions agree
                open_items=1,
            )
            for bank in banks
        }
        WindowReport.objects.bulk_create([WindowReport(window=window, bank_id=code, message=draft.id) for code, draft in drafts.items()])
        outbox.enqueue_each(messages=list(drafts.values()), now=now)
        audit.record(actor=by, action="settlement.window-closed", subject=f"window:{window.id}", reason=reason, now=now)
        return window.id


def receive_positions(*, received: Sequence[Received[PositionsReported]], now: datetime) -> None:
    """Keep what banks report, the newest of each; once all pairs agree, propose what is to be settled.

    A report that comes when the window is proposed changes nothing; one to a window the bank was not asked about is a dead letter.
    """
    for message in received:
        window = Window.objects.select_for_update(no_key=True, of=("self",)).filter(id=message.data.window).first()
        report = WindowReport.objects.filter(window=window, bank=message.source).first() if window else None
        if window is None or report is None:
            detail = f"{message.source} reports for window {message.data.window}"
            dead_letters.bury(record=message.record, reason="answer-to-unknown", detail=detail, now=now)
            continue
        if window.status != Status.COLLECTING or (report.reported_at and message.data.reported_at <= report.reported_at):
            continue
        report.reported_at, report.positions = message.data.reported_at, msgspec.to_builtins(message.data.positions)
        report.save()
        judged = _judged(window)
        if not (any(flaw for _, flaw in judged) or window.reports.filter(reported_at__isnull=True).exists()):
            _propose(window, judged, now=now)


def settle_due(*, now: datetime, limit: int) -> int:  # noqa: ARG001  # every task is told one; there is one window
    """Propose a window whose time to report is over without those that did not agree; close one when its hour has come. Return how many.

    Safe to repeat and beside another.
    """
    if not this_bank().is_head_bank:
        return 0
    with transaction.atomic():
        late = Window.objects.filter(status=Status.COLLECTING, deadline_at__lte=now)
        window = late.select_for_update(no_key=True, of=("self",)).first()
        if window is not None:
            _propose(window, _judged(window), now=now)
            return 1
    every_s = this_bank().settlement_every_s
    last = Window.objects.aggregate(last=Max("cut_off_at"))["last"]
    if not every_s or Window.objects.filter(_UNFINISHED).exists() or (last and last + timedelta(seconds=every_s) > now):
        return 0
    close_window(by=user_named("system"), now=now)
    return 1


def last_settled() -> dict[tuple[str, str, str], UUID]:
    """Return the last window that was settled for each pair and currency."""
    booked = WindowPair.objects.filter(flaw="", window__status=Status.BOOKED).exclude(amount_minor=0)
    newest = booked.values("one", "other", "currency").annotate(last=Max("id")).values_list("last", flat=True)
    rows = WindowPair.objects.filter(id__in=list(newest)).values_list("one", "other", "currency", "window")
    return {(one, other, currency): window for one, other, currency, window in rows}


def _judged(window: Window) -> list[tuple[Pair, str]]:
    """Return every pair of which something was said, with why it cannot be settled; empty where it can."""
    reports: dict[str, dict[Key, Said] | None] = {}
    for report in window.reports.order_by("bank"):
        positions = msgspec.convert(report.positions, list[Position])
        said = {(told.peer, told.currency): Said(amount_minor=told.amount_minor, after=told.after) for told in positions}
        reports[report.bank_id] = said if report.reported_at else None
    last = last_settled()
    pairs = netting.pairs_of(reports, last=last)
    return [(pair, pair.flaw(last=last.get((pair.one, pair.other, pair.currency)))) for pair in pairs]


def _propose(window: Window, judged: Sequence[tuple[Pair, str]], *, now: datetime) -> None:
    """Net what agrees, write down what comes of it, and ask a second person; nothing is asked of the banks any more."""
    banks = list(window.reports.values_list("bank", flat=True))
    facts: dict[str, dict[str, int]] = {}
    for currency in sorted({pair.currency for pair, _ in judged}):
        good = [pair for pair, flaw in judged if pair.currency == currency and not flaw]
        accounts = {numbers.settlement_of(bank, currency): bank for bank in banks}
        cover = {accounts[number]: minor for number, minor in cover_of(numbers=accounts).items()}
        netted = netting.net(good, cover=cover)
        _write(window, currency, judged, netted)
        facts[currency] = {bank: net_minor for bank, net_minor in sorted(netted.nets.items()) if net_minor}
    outbox.close_items(counts=dict.fromkeys(window.reports.values_list("message", flat=True), 1), now=now)
    window.proposed_at = now
    if any(facts.values()) or window.pairs.filter(flaw="").exclude(amount_minor=0).exists():
        window.status = Status.PROPOSED
        subject, reason = f"window:{window.id}", f"Settlement of {window.cut_off_at:%Y-%m-%d %H:%M} UTC"
        window.approval = approvals.ask(action=BOOK, subject=subject, facts=facts, reason=reason, by=window.asked_by, now=now)
    else:
        window.status, window.ended_at = Status.EMPTY, now
    window.save()


def _write(window: Window, currency: str, judged: Sequence[tuple[Pair, str]], netted: Netted) -> None:
    """Write the pairs and nets of a currency."""
    pairs = []
    for pair, flaw in judged:
        if pair.currency == currency:
            short = [bank for bank in (pair.one, pair.other) if bank in netted.lacking]
            why = flaw or (f"{' and '.join(short)} without cover" if short else "")
            amount = None if flaw else pair.agreed_minor
            pairs.append(
                WindowPair(window=window, one_id=pair.one, other_id=pair.other, currency=currency, amount_minor=amount, flaw=why[:200])
            )
    WindowPair.objects.bulk_create(pairs)
    nets = [WindowNet(window=window, bank_id=bank, currency=currency, net_minor=net_minor) for bank, net_minor in netted.nets.items()]
    nets += [
        WindowNet(window=window, bank_id=bank, currency=currency, net_minor=0, lacking_minor=lacking)
        for bank, lacking in netted.lacking.items()
    ]
    WindowNet.objects.bulk_create(nets)
