"""Netting: sums stay zero, nobody pays what it cannot, and whoever is left out takes all of its pairs along."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headbank import netting
from headbank.netting import Pair, Said

BANKS = [f"BNK{letter}" for letter in "ABCDEFG"]
LAST, OTHER = UUID(int=1), UUID(int=2)

codes = st.lists(st.sampled_from(BANKS), min_size=2, max_size=2, unique=True).map(sorted)
amounts = st.integers(-(10**15), 10**15)


def pair(one: str, other: str, minor: int) -> Pair:
    said = [Said(amount_minor=amount, after=None) for amount in (minor, -minor)]
    return Pair(one=one, other=other, currency="EUR", by_one=said[0], by_other=said[1])


pairs = st.dictionaries(codes.map(tuple), amounts, max_size=15).map(
    lambda owed: [pair(one, other, minor) for (one, other), minor in owed.items()]
)
covers = st.dictionaries(st.sampled_from(BANKS), st.integers(0, 2 * 10**15))


class TestNets:
    @given(pairs)
    def test_sum_to_zero(self, owed: list[Pair]) -> None:
        assert sum(netting.nets_of(owed).values()) == 0

    @given(pairs)
    def test_move_no_more_than_the_pairs_would(self, owed: list[Pair]) -> None:
        moved = sum(abs(net) for net in netting.nets_of(owed).values())

        assert moved <= 2 * sum(abs(each.agreed_minor) for each in owed)

    def test_of_a_circle_are_nothing(self) -> None:
        owed = [pair("BNKA", "BNKB", 5), pair("BNKB", "BNKC", 5), pair("BNKA", "BNKC", -5)]

        assert set(netting.nets_of(owed).values()) == {0}


class TestCover:
    @given(pairs, covers)
    def test_is_never_exceeded_and_who_lacks_it_is_left_out_whole(self, owed: list[Pair], cover: dict[str, int]) -> None:
        netted = netting.net(owed, cover=cover)

        assert sum(netted.nets.values()) == 0
        assert all(-minor <= cover.get(bank, 0) for bank, minor in netted.nets.items())
        assert all({each.one, each.other}.isdisjoint(netted.lacking) for each in netted.pairs)
        left_out = [each for each in owed if each not in netted.pairs]
        assert all({each.one, each.other} & netted.lacking.keys() for each in left_out)
        assert all(minor > 0 for minor in netted.lacking.values())

    @given(pairs)
    def test_that_suffices_leaves_nobody_out(self, owed: list[Pair]) -> None:
        cover = dict.fromkeys(BANKS, 10**18)

        assert netting.net(owed, cover=cover).pairs == owed


class TestAPair:
    @pytest.mark.parametrize(
        ("by_one", "by_other", "flaw"),
        [
            (Said(amount_minor=5, after=LAST), Said(amount_minor=-5, after=LAST), ""),
            (Said(amount_minor=5, after=LAST), Said(amount_minor=-6, after=LAST), "BNKA says it owes 5, BNKB says it is owed 6"),
            (Said(amount_minor=5, after=LAST), Said(amount_minor=5, after=LAST), "BNKA says it owes 5, BNKB says it is owed -5"),
            (Said(amount_minor=5, after=None), Said(amount_minor=-5, after=LAST), "BNKA has not booked the window before"),
            (Said(amount_minor=5, after=LAST), Said(amount_minor=-5, after=OTHER), "BNKB has not booked the window before"),
            (Said(amount_minor=5, after=LAST), None, "BNKB did not report"),
        ],
    )
    def test_is_settled_only_where_both_say_the_same(self, by_one: Said, by_other: Said | None, flaw: str) -> None:
        assert Pair(one="BNKA", other="BNKB", currency="EUR", by_one=by_one, by_other=by_other).flaw(last=LAST) == flaw

    def test_exists_where_one_of_two_names_the_other(self) -> None:
        reports = {"BNKA": {("BNKB", "EUR"): Said(amount_minor=5, after=None)}, "BNKB": {}, "BNKC": None}

        [found] = netting.pairs_of(reports, last={})

        assert (found.one, found.other, found.by_other) == ("BNKA", "BNKB", Said(amount_minor=0, after=None))
