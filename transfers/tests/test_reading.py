"""What other banks say of days compared, before any of it counts."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest

from messaging import envelope
from messaging.errors import Unreadable
from transfers.comparing import total_of
from transfers.events import (
    COMPARED,
    MAX_SPANS,
    TOTALLED,
    Compared,
    Known,
    Place,
    Total,
    TransfersCompared,
    TransfersTotalled,
)
from transfers.reading import read_comparisons, read_totals
from transfers.tests.people import ANNA, NOON

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
NEVER = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12)))


def span(start_h: float, end_h: float) -> Total:
    """Return the total of nothing between two hours of a day."""
    start, end = (Place(at=MIDNIGHT + timedelta(hours=hours), id=UUID(int=0)) for hours in (start_h, end_h))
    return total_of([], start=start, end=end)


class TestAQuestion:
    def read(self, *totals: Total) -> TransfersTotalled:
        asked = TransfersTotalled(origin="BNKB", currency="EUR", totals=totals)
        opened = envelope.decode(envelope.encode(id=uuid4(), source="BNKB", destination="BNKA", type=TOTALLED, time=NOON, data=asked))
        return read_totals(data=opened.data, version=1, envelope=opened)

    @pytest.mark.parametrize("asked", [[span(0, 24)], [span(6, 12), span(18, 24), span(0, 6)], [span(3, 3), span(3, 3)]], ids=len)
    def test_is_about_a_day_or_parts_of_one(self, asked: list[Total]) -> None:
        assert self.read(*asked).totals == tuple(asked)

    @pytest.mark.parametrize(
        "asked",
        [[span(0, 25)], [span(0, 1), span(26, 27)], [span(0, 24)] * MAX_SPANS, [span(0, 12), span(11, 24)], [span(12, 0)]],
        ids=["long", "wide", "repeated", "overlapping", "backwards"],
    )
    def test_about_more_than_a_day_or_one_part_twice_is_unreadable(self, asked: list[Total]) -> None:
        with pytest.raises(Unreadable) as refused:
            self.read(*asked)

        assert refused.value.reason == "undecodable"


class TestAnAnswer:
    def read(self, said: Known) -> TransfersCompared:
        data = TransfersCompared(question=uuid4(), spans=(Compared(own=span(0, 24), listed=(said,)),))
        opened = envelope.decode(envelope.encode(id=uuid4(), source="BNKB", destination="BNKA", type=COMPARED, time=NOON, data=data))
        return read_comparisons(data=opened.data, version=1, envelope=opened)

    @pytest.mark.parametrize("outcome", ["pending", "unknown"])
    def test_names_no_moment_of_what_was_not_decided(self, outcome: str) -> None:
        said = Known(id=uuid4(), outcome=outcome)  # type: ignore[arg-type]  # one of its words

        assert self.read(said).spans[0].listed == (said,)

    @pytest.mark.parametrize(
        "wrong",
        [{"decided_at": NEVER}, {"decided_at": None}, {"debtor_iban": f"{ANNA}\0"}, {"creditor_iban": f"{ANNA}\n"}],
        ids=str,
    )
    def test_that_no_database_can_keep_is_unreadable(self, wrong: dict[str, object]) -> None:
        fields: dict[str, object] = {"id": uuid4(), "outcome": "credited", "amount_minor": 700, "decided_at": NOON}

        with pytest.raises(Unreadable) as refused:
            self.read(Known(**(fields | wrong)))  # type: ignore[arg-type]

        assert refused.value.reason == "undecodable"
