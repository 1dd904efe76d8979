"""Netting: what the banks owe each other in pairs, and what is left of it when all of it is settled at once; plain values only."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

Key = tuple[str, str]  # a bank of a pair, or a pair's other bank, and a currency


@dataclass(frozen=True, kw_only=True)
class Said:
    """One bank's word about one other: what it owes it (what it is owed, where negative), and the last window it has booked with it."""

    amount_minor: int
    after: UUID | None


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two banks, in the order of their codes, and what each says the first owes the second; None where it has said nothing."""

    one: str
    other: str
    currency: str
    by_one: Said | None
    by_other: Said | None

    @property
    def agreed_minor(self) -> int:
        """Return what both say the first owes the second."""
        assert self.by_one is not None, "only pairs that agree have an amount"
        return self.by_one.amount_minor

    def flaw(self, *, last: UUID | None) -> str:
        """Return why the pair cannot be settled, empty where it can; `last` is the window that was settled for it before."""
        if self.by_one is None or self.by_other is None:
            silent = " and ".join(bank for bank, said in ((self.one, self.by_one), (self.other, self.by_other)) if said is None)
            return f"{silent} did not report"
        for bank, said in ((self.one, self.by_one), (self.other, self.by_other)):
            if said.after != last:
                return f"{bank} has not booked the window before"
        if self.by_one.amount_minor != -self.by_other.amount_minor:
            return f"{self.one} says it owes {self.by_one.amount_minor}, {self.other} says it is owed {-self.by_other.amount_minor}"
        return ""


@dataclass(frozen=True, kw_only=True)
class Netted:
    """The pairs that are settled together, the net of each bank of them (negative: it pays), and how much each bank left out lacks."""

    pairs: Sequence[Pair]
    nets: Mapping[str, int]
    lacking: Mapping[str, int]


def pairs_of(reports: Mapping[str, Mapping[Key, Said] | None], *, last: Mapping[tuple[str, str, str], UUID]) -> list[Pair]:
    """Return every pair of which one of the banks said something; None stands for a bank that did not report.

    Who reported without naming the other owes it nothing, and means so since the last window that was settled.
    """
    pairs = []
    for one, other in combinations(sorted(reports), 2):
        currencies = {currency for bank, peer in ((one, other), (other, one)) for named, currency in reports[bank] or {} if named == peer}
        for currency in sorted(currencies):
            nothing = Said(amount_minor=0, after=last.get((one, other, currency)))
            said = [
                None if (report := reports[bank]) is None else report.get((peer, currency), nothing)
                for bank, peer in ((one, other), (other, one))
            ]
            pairs.append(Pair(one=one, other=other, currency=currency, by_one=said[0], by_other=said[1]))
    return pairs


def nets_of(pairs: Iterable[Pair]) -> dict[str, int]:
    """Return what each bank of the pairs gets (positive) or pays (negative); their sum is zero."""
    nets: dict[str, int] = defaultdict(int)
    for pair in pairs:
        nets[pair.one] -= pair.agreed_minor
        nets[pair.other] += pair.agreed_minor
    return dict(nets)


def net(pairs: Collection[Pair], *, cover: Mapping[str, int]) -> Netted:
    """Net pairs of one currency that agree; a bank that cannot pay its net is left out with all its pairs, who lacks most first.

    `cover` is what each bank can pay at most, nothing where it is absent.
    """
    left, lacking = list(pairs), dict[str, int]()
    for _ in range(len(nets_of(left)) + 1):  # each round leaves one bank out
        nets = nets_of(left)
        short = {bank: -net_minor - cover.get(bank, 0) for bank, net_minor in nets.items() if -net_minor > max(cover.get(bank, 0), 0)}
        if not short:
            return Netted(pairs=left, nets=nets, lacking=lacking)
        worst = min(short, key=lambda bank: (-short[bank], bank))
        lacking[worst] = short[worst]
        left = [pair for pair in left if worst not in {pair.one, pair.other}]
    raise AssertionError("a bank that is left out has no pair left, and lacks nothing")
