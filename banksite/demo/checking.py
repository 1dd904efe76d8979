"""What must be true of a finished demo, and what is not."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from banksite.demo.banks import DemoBank
from banksite.demo.figures import Figures
from banksite.demo.payments import Sample


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A line of a file of outcomes."""

    outcome: str
    code: str
    transfer_id: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one bank did: the lines it was given, what it answered, its figures afterwards, and its books as `check_books` found them."""

    bank: DemoBank
    lines: Sequence[Sample]
    outcomes: Sequence[Outcome]
    figures: Figures
    books_balance: bool
    books: str

    def refused(self) -> Counter[str]:
        """Return how many lines were refused before any money moved, by code."""
        return Counter(outcome.code for outcome in self.outcomes if outcome.outcome == "refused")

    def expected(self, *, outcome: str) -> Counter[tuple[str, str]]:
        """Return how the lines of this outcome must have ended, as status and reason."""
        return Counter((line.fate.status, line.fate.reason) for line in self.lines if line.fate.outcome == outcome)


def read_outcomes(file: Path) -> list[Outcome]:
    """Return the lines of a file of outcomes."""
    with file.open(encoding="utf-8", newline="") as stream:
        return [Outcome(outcome=row["outcome"], code=row["code"], transfer_id=row["transfer_id"]) for row in csv.DictReader(stream)]


def differences(results: Sequence[Result]) -> list[str]:
    """Return everything that is not as it must be, in words; nothing when all is well."""
    own = [difference for result in results for difference in _own(result)]
    credited = [difference for result in results for difference in _credited(result, results)]
    return [*own, *credited, *(difference for pair in combinations(results, 2) for difference in _mirrored(*pair))]


def _own(result: Result) -> Iterator[str]:
    """Yield what is wrong at one bank."""
    name, figures = result.bank.name, result.figures
    if len(result.outcomes) != len(result.lines):
        yield f"{name}: {len(result.lines)} lines were given, {len(result.outcomes)} answered"
    for number, (line, outcome) in enumerate(zip(result.lines, result.outcomes, strict=False), start=2):
        if (outcome.outcome, outcome.code) != (line.fate.outcome, line.fate.code):
            said = f"{outcome.outcome} {outcome.code}".strip()
            yield f"{name}: line {number} must be {line.fate.outcome} {line.fate.code}".rstrip() + f", the file says {said}"
    ended = Counter({(each.status, each.reason): each.number for each in figures.transfers if each.kind == "outgoing"})
    if (expected := result.expected(outcome="pending")) != ended:
        yield f"{name}: transfers that left must end as {_said(expected)}, they ended as {_said(ended)}"
    if (expected_inside := result.expected(outcome="completed").total()) != figures.count("internal", "completed"):
        yield f"{name}: {expected_inside} payments inside the bank, {figures.count('internal', 'completed')} booked"
    if figures.pending:
        yield f"{name}: {figures.pending} transfers are still pending"
    if figures.dead_letters:
        yield f"{name}: {figures.dead_letters} dead letters"
    if not result.books_balance:
        yield f"{name}: its books are wrong ({' / '.join(result.books.split(chr(10))[:3])})"


def _credited(result: Result, everybody: Sequence[Result]) -> Iterator[str]:
    """Yield how a bank's credits differ from what the others' files sent it."""
    sent = sum(line.arrives_at == result.bank.code for other in everybody for line in other.lines)
    credited = result.figures.count("incoming", "credited")
    if sent != credited:
        yield f"{sent} payments to {result.bank.name} were to arrive, it credited {credited}"


def _mirrored(first: Result, second: Result) -> Iterator[str]:
    """Yield what the two banks do not say alike."""
    for currency in sorted({currency for result in (first, second) for _, currency in result.figures.clearing()}):
        ours, theirs = clearing(first, second, currency), clearing(second, first, currency)
        if ours + theirs:
            names = f"{first.bank.name} and {second.bank.name}"
            yield f"the clearing accounts of {names} in {currency} do not mirror: {ours} and {theirs} minor units"


def clearing(of: Result, towards: Result, currency: str) -> int:
    """Return one bank's clearing balance with the other, in minor units."""
    return of.figures.clearing().get((towards.bank.code, currency), 0)


def _said(counts: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{number} {status} {reason}".rstrip() for (status, reason), number in sorted(counts.items())) or "nothing"
