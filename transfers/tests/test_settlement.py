"""What this bank tells the head bank it owes the others, while what was settled before is being booked."""

from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from django.db import transaction

from messaging import envelope
from messaging.broker import Record
from messaging.envelope import Received
from messaging.events import (
    SETTLEMENT_BOOKED,
    SETTLEMENT_POSITIONS_REPORTED,
    SETTLEMENT_WINDOW_CLOSED,
    PositionsReported,
    Settled,
    SettlementBooked,
    WindowClosed,
)
from messaging.models import Message
from transfers import services
from transfers.services import settlement
from transfers.tests.people import NOON, ZOE, answer, balance, decision, paid

LATER = NOON + timedelta(hours=1)


def received(data: WindowClosed | SettlementBooked, type_: str) -> Received[object]:
    id_ = uuid4()
    value = envelope.encode(id=id_, source="HEAD", destination="BNKA", type=type_, time=LATER, data=data)
    record = Record(topic="external-transfers.BNKA", partition=0, offset=0, value=value)
    return Received(id=id_, source="HEAD", destination="BNKA", type=type_, time=LATER, data=data, record=record)


def report(window: UUID) -> None:
    data = WindowClosed(window=window, cut_off_at=LATER)
    with transaction.atomic():
        services.report_positions(received=[received(data, SETTLEMENT_WINDOW_CLOSED)], now=LATER)  # type: ignore[list-item]


def book(window: UUID, amount_minor: int) -> None:
    line = Settled(peer="BNKB", currency="EUR", amount_minor=amount_minor)
    data = SettlementBooked(window=window, cut_off_at=LATER, settled=(line,))
    with transaction.atomic():
        services.book_settlement(received=[received(data, SETTLEMENT_BOOKED)], now=LATER)  # type: ignore[list-item]


def told() -> list[tuple[int, UUID | None]]:
    """Return what was reported as owed to Bank B, after which window, in order."""
    values = Message.objects.filter(type=SETTLEMENT_POSITIONS_REPORTED).order_by("id").values_list("value", flat=True)
    reports = [msgspec.json.decode(envelope.decode(bytes(value)).data, type=PositionsReported) for value in values]
    return [(one.amount_minor, one.after) for said in reports for one in said.positions if one.peer == "BNKB"]


class TestAReport:
    def test_that_a_booking_overtakes_does_not_claim_to_come_after_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answer(decision(paid(ZOE, "7.00")))
        first, second = uuid4(), uuid4()
        report(first)
        owed_at = settlement.owed_at

        def overtaken(**asked: object) -> int:
            amount = owed_at(**asked)  # type: ignore[arg-type]
            book(first, 700)
            return amount

        monkeypatch.setattr(settlement, "owed_at", overtaken)
        report(second)

        assert told() == [(700, None), (700, None)]
        assert balance("CLEARING.BNKB.EUR") == 0
