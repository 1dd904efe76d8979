"""Comparing what two banks have: totals tell every difference apart, parts cover the whole, breaks name who does what."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transfers import comparing
from transfers.comparing import Booking, Found, Item
from transfers.events import MAX_SPANS, Compared, Known, Place

MORNING = datetime(2026, 3, 2, tzinfo=UTC)
START, END = (Place(at=moment, id=UUID(int=0)) for moment in (MORNING, MORNING + timedelta(days=1)))

places = st.builds(
    Place,
    at=st.integers(0, 86_399).map(lambda s: MORNING + timedelta(seconds=s // 3_600)),
    id=st.integers(1, 10**6).map(lambda n: UUID(int=n)),
)
items = st.lists(
    st.builds(Item, place=places, is_credited=st.booleans(), amount_minor=st.integers(1, 10**15)),
    max_size=120,
    unique_by=lambda item: item.place,
).map(lambda drawn: sorted(drawn, key=lambda item: item.place))


def known(
    outcome: str = "credited", amount_minor: int = 1_000, *, at: datetime | None = MORNING, creditor: str = "NL-B", number: int = 1
) -> Known:
    if outcome in {"pending", "unknown"}:
        at = None
    return Known(
        id=UUID(int=number),
        outcome=outcome,  # type: ignore[arg-type]
        amount_minor=0 if outcome == "unknown" else amount_minor,
        debtor_iban="NL-A",
        creditor_iban=creditor,
        decided_at=at,
    )


def compared(origin: Known, destination: Known, *, doubled: bool = False, later: timedelta = timedelta(hours=2)) -> tuple[list[Found], int]:
    sides = [{known.id: known} if known.outcome != "unknown" else {} for known in (origin, destination)]
    ids = {origin.id} if doubled else set()
    return comparing.differences(at_origin=sides[0], at_destination=sides[1], doubled=ids, now=MORNING + later)


def booked(origin: Known, destination: Known, *, doubled: bool = False) -> Booking | None:
    [found], _ = compared(origin, destination, doubled=doubled)
    return comparing.booking(found, origin="BNKA", destination="BNKB", currency="EUR")


class TestATotal:
    @given(items, st.data())
    def test_differs_as_soon_as_one_transfer_does(self, drawn: list[Item], data: st.DataObject) -> None:
        total = comparing.total_of(drawn, start=START, end=END)
        if not drawn:
            return
        place = data.draw(st.integers(0, len(drawn) - 1))
        item = drawn[place]
        other_id = Place(at=item.place.at, id=UUID(int=item.place.id.int + 10**7))
        changed = [
            [Item(place=other_id, is_credited=item.is_credited, amount_minor=item.amount_minor)],
            [Item(place=item.place, is_credited=not item.is_credited, amount_minor=item.amount_minor)],
            [Item(place=item.place, is_credited=item.is_credited, amount_minor=item.amount_minor + 1)],
            [],
            [item, item],
        ]

        for instead in changed:
            other = comparing.total_of([*drawn[:place], *instead, *drawn[place + 1 :]], start=START, end=END)
            assert not comparing.agree(total, other)

    @given(items)
    def test_falls_into_parts_that_cover_it(self, drawn: list[Item]) -> None:
        whole = comparing.total_of(drawn, start=START, end=END)

        parts = comparing.parts_of(drawn, whole=whole)

        assert len(parts) <= MAX_SPANS
        assert comparing.contradiction(Compared(own=whole, parts=tuple(parts))) == ""
        for part in parts:
            inside = [item for item in drawn if part.start <= item.place < part.end]
            assert comparing.agree(comparing.total_of(inside, start=part.start, end=part.end), part)
            assert part.count <= -(-whole.count // MAX_SPANS) or part is parts[-1]

    @given(items)
    def test_is_what_its_list_says(self, drawn: list[Item]) -> None:
        whole = comparing.total_of(drawn, start=START, end=END)
        told = [
            Known(
                id=one.place.id,
                outcome="credited" if one.is_credited else "rejected",
                amount_minor=one.amount_minor,
                decided_at=one.place.at,
            )
            for one in reversed(drawn)
        ]

        assert comparing.contradiction(Compared(own=whole, listed=tuple(told))) == ""
        assert drawn == [] or comparing.contradiction(Compared(own=whole, listed=tuple(told[1:])))


class TestParts:
    def test_with_a_hole_contradict_their_whole(self) -> None:
        whole = comparing.total_of([], start=START, end=END)
        noon = Place(at=MORNING + timedelta(hours=12), id=UUID(int=0))
        first, second = msgspec.structs.replace(whole, end=noon), msgspec.structs.replace(whole, start=noon)

        assert comparing.contradiction(Compared(own=whole, parts=(first, second))) == ""
        assert comparing.contradiction(Compared(own=whole, parts=(first,)))
        assert comparing.contradiction(Compared(own=whole, parts=(second,)))
        assert comparing.contradiction(Compared(own=whole, parts=(first, msgspec.structs.replace(second, count=1))))


class TestDifferences:
    @pytest.mark.parametrize(
        ("origin", "destination", "kind"),
        [
            (known(), known(), None),
            (known("rejected"), known("rejected"), None),
            (known(), known("unknown"), "missing"),
            (known("unknown"), known(), "missing"),
            (known(), known(amount_minor=999), "amount"),
            (known(), known(creditor="NL-X"), "amount"),
            (known(), known("rejected"), "outcome"),
            (known("rejected"), known(), "outcome"),
            (known("pending"), known(), "outcome"),
            (known(), known(at=MORNING + timedelta(seconds=1)), "moment"),
        ],
    )
    def test_have_one_kind(self, origin: Known, destination: Known, kind: str | None) -> None:
        found, _ = compared(origin, destination)

        assert [difference.kind for difference in found] == ([kind] if kind else [])

    def test_are_double_where_another_says_the_same(self) -> None:
        [found], _ = compared(known("unknown"), known(), doubled=True)

        assert found.kind == "double"

    def test_are_none_while_an_answer_had_no_time_to_come(self) -> None:
        assert compared(known("pending"), known(), later=timedelta(minutes=59)) == ([], 1)


class TestARepair:
    @pytest.mark.parametrize(
        ("origin", "destination", "where", "debit", "credit", "amount"),
        [
            (known("unknown"), known(), "BNKB", "NL-B", "CLEARING.BNKA.EUR", 1_000),
            (known(), known(amount_minor=1_300), "BNKB", "NL-B", "CLEARING.BNKA.EUR", 300),
            (known(), known(amount_minor=900), "BNKB", "CLEARING.BNKA.EUR", "NL-B", 100),
            (known(), known("rejected"), "BNKA", "CLEARING.BNKB.EUR", "NL-A", 1_000),
            (known("rejected"), known(), "BNKA", "NL-A", "CLEARING.BNKB.EUR", 1_000),
        ],
    )
    def test_moves_what_differs_at_the_bank_that_was_wrong(  # noqa: PLR0917  # as the table has them
        self, origin: Known, destination: Known, where: str, debit: str, credit: str, amount: int
    ) -> None:
        booking = booked(origin, destination)

        assert booking is not None
        assert (booking.at, booking.debit, booking.credit, booking.amount.amount_minor) == (where, debit, credit, amount)

    @pytest.mark.parametrize(
        ("origin", "destination"),
        [
            (known("unknown"), known("rejected")),
            (known(), known("unknown")),
            (known("pending"), known()),
            (known(), known(at=MORNING + timedelta(1))),
            (known(), known(creditor="NL-X")),
        ],
    )
    def test_is_no_booking_where_no_money_is_wrong_or_only_the_other_bank_can_tell(self, origin: Known, destination: Known) -> None:
        assert booked(origin, destination) is None
