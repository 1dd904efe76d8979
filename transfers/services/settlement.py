"""Settling with all other banks at once: reporting what is owed at a moment, and booking what the head bank says was settled."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from access.errors import DomainError
from access.site import this_bank
from accounts import ledger, numbers
from accounts.models import Account, BalanceStripe
from accounts.services import open_internal_accounts
from messaging import dead_letters, outbox
from messaging.dead_letters import Fault
from messaging.envelope import Received
from messaging.events import (
    SETTLEMENT_CONFIRMED,
    SETTLEMENT_POSITIONS_REPORTED,
    Position,
    PositionsReported,
    Settled,
    SettlementBooked,
    SettlementConfirmed,
    WindowClosed,
)
from transfers import rules, storage
from transfers.entry import Entry
from transfers.models import SettlementPosition, Transfer

_LETTER_BOX = 0  # the one partition of the head bank's


def report_positions(*, received: Sequence[Received[WindowClosed]], now: datetime) -> None:
    """Tell the head bank what this bank owes each other bank at the window's cut-off, as far as it is known by now.

    What was reported is kept: nothing else will be booked. Asked again, it says what it knows then.
    """
    for message in received:
        window, cut_off_at = message.data.window, message.data.cut_off_at
        told = []
        for clearing in Account.objects.filter(kind=Account.Kind.CLEARING).order_by("number").values_list("number", flat=True):
            internal = numbers.parse(clearing)
            assert internal is not None, "a clearing account is named for its bank"
            # In this order: a settlement booked between the two would else be owed after itself, and paid twice.
            after = last_window(peer=internal.owner, currency=internal.currency)
            amount = owed_at(peer=internal.owner, currency=internal.currency, cut_off_at=cut_off_at)
            told.append(Position(peer=internal.owner, currency=internal.currency, amount_minor=amount, after=after))
        asked = {"window": window, "cut_off_at": cut_off_at, "reported_at": now}
        rows = [SettlementPosition(**asked, peer=one.peer, currency=one.currency, amount_minor=one.amount_minor) for one in told]
        SettlementPosition.objects.bulk_create(rows, ignore_conflicts=True)
        _tell_head_bank(SETTLEMENT_POSITIONS_REPORTED, PositionsReported(window=window, reported_at=now, positions=tuple(told)), now=now)


def book_settlement(*, received: Sequence[Received[SettlementBooked]], now: datetime) -> None:
    """Book what the head bank settled: clearing against settlement, each pair of a window once; then confirm it.

    A notice that says anything this bank did not report for that window changes nothing at all and is a dead letter.
    """
    entries: list[Entry] = []
    for message in received:
        positions = _lock(message.data.window)
        faults = [fault for line in message.data.settled if (fault := _fault(line, positions))]
        dead_letters.bury_each(record=message.record, faults=faults, now=now)
        if faults:
            continue
        for line in message.data.settled:
            position = positions[line.peer, line.currency, line.amount_minor]
            if position.transfer_id is None:
                entry = _entry(message.data.window, line, now=now)
                entries.append(entry)
                SettlementPosition.objects.filter(id=position.pk).update(transfer_id=entry.id)
        _tell_head_bank(SETTLEMENT_CONFIRMED, SettlementConfirmed(window=message.data.window), now=now)
    _post(entries, now=now)


def owed_at(*, peer: str, currency: str, cut_off_at: datetime) -> int:
    """Return what this bank owes another by transfers decided before the cut-off and not settled yet; negative where it is owed.

    It is the clearing account's balance now, without what is undecided or was decided (adjusted) later. So a transfer whose decision
    becomes known late is not lost: it is owed at the next cut-off. One statement, because all of it has to be of one moment.
    """
    clearing = numbers.clearing(peer, currency)
    outgoing = Transfer.objects.filter(kind="outgoing", destination_bank=peer, currency=currency)
    incoming = Transfer.objects.filter(kind="incoming", origin_bank=peer, currency=currency)
    adjusted = Transfer.objects.filter(kind="adjustment", status=rules.COMPLETED, settled_at__gte=cut_off_at)
    parts = {
        "balance": Subquery(
            BalanceStripe.objects.filter(account=OuterRef("pk"))
            .values("account")
            .annotate(total=Sum(F("credits_minor") - F("debits_minor")))
            .values("total")
        ),
        "undecided": _sum(outgoing.filter(status=rules.PENDING)),
        "sent_later": _sum(outgoing.filter(status=rules.COMPLETED, decided_at__gte=cut_off_at)),
        "received_later": _sum(incoming.filter(status=rules.CREDITED, decided_at__gte=cut_off_at)),
        "adjusted_up": _sum(adjusted.filter(creditor_number=clearing)),
        "adjusted_down": _sum(adjusted.filter(debtor_number=clearing)),
    }
    annotated = Account.objects.filter(number=clearing).annotate(**{name: Coalesce(part, Value(0)) for name, part in parts.items()})
    known = annotated.values(*parts).get()
    later = known["undecided"] + known["sent_later"] + known["adjusted_up"] - known["received_later"] - known["adjusted_down"]
    return int(known["balance"] - later)


def last_window(*, peer: str, currency: str) -> UUID | None:
    """Return the last window this bank has booked with another."""
    booked = SettlementPosition.objects.filter(peer=peer, currency=currency, transfer__isnull=False)
    return booked.order_by("-transfer_id").values_list("window", flat=True).first()


def _sum(rows: QuerySet[Transfer]) -> Subquery:
    return Subquery(rows.order_by().values("currency").annotate(total=Sum("amount_minor")).values("total"))


def _lock(window: UUID) -> dict[tuple[str, str, int], SettlementPosition]:
    """Lock what was reported for a window, and return it by peer, currency and amount."""
    rows = SettlementPosition.objects.filter(window=window).order_by("id").select_for_update(no_key=True)
    return {(row.peer, row.currency, row.amount_minor): row for row in rows}


def _fault(line: Settled, positions: dict[tuple[str, str, int], SettlementPosition]) -> Fault | None:
    """Return what is wrong with a line: an amount never reported, or another one than what is booked."""
    said = f"{line.amount_minor} {line.currency} with {line.peer}"
    item = f"{line.peer}.{line.currency}"
    if (line.peer, line.currency, line.amount_minor) not in positions:
        return Fault(reason="notice-not-as-reported", detail=f"{said}: this bank reported no such position", item=item)
    booked = [row for row in positions.values() if (row.peer, row.currency) == (line.peer, line.currency) and row.transfer_id]
    if booked and booked[0].amount_minor != line.amount_minor:
        return Fault(reason="notice-with-other-content", detail=f"{said}: {booked[0].amount_minor} was booked", item=item)
    return None


def _entry(window: UUID, line: Settled, *, now: datetime) -> Entry:
    """Return the transfer of one settled pair, which the window, the pair and the currency name for ever."""
    site = this_bank()
    clearing, settlement = numbers.clearing(line.peer, line.currency), numbers.settlement(line.currency)
    debit, credit = (clearing, settlement) if line.amount_minor > 0 else (settlement, clearing)
    return Entry(
        kind="settlement",
        status=rules.COMPLETED,
        amount_minor=abs(line.amount_minor),
        currency=line.currency,
        debtor_number=debit,
        creditor_number=credit,
        origin_bank=site.head_bank_code,
        origin_id=uuid5(window, f"{site.code} {line.peer} {line.currency}"),
        destination_bank=site.code,
        reference=f"Settlement {window}",
        created_at=now,
        settled_at=now,
    )


def _post(entries: Sequence[Entry], *, now: datetime) -> None:
    """Book the entries; accounts of the bank itself have no limits that could refuse them."""
    open_internal_accounts(numbers={number for entry in entries for number in rules.parties(entry)}, now=now)
    steps = [move for entry in entries for move in rules.booking(entry, group=entry.id)]
    outcomes = ledger.post(steps=steps, booked_at=now, also=lambda _: storage.inserts(entries, now=now))
    refused = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    assert not refused, f"the bank's own accounts take every amount: {refused}"


def _tell_head_bank(type_: str, data: PositionsReported | SettlementConfirmed, *, now: datetime) -> None:
    draft = outbox.Draft(destination=this_bank().head_bank_code, partition=_LETTER_BOX, type=type_, data=data, is_request=False)
    outbox.enqueue_each(messages=[draft], now=now)
