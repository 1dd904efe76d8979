"""A day's payments: two banks import a file each, a third joins them meanwhile and takes part; watch until every transfer has ended."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from banksite.demo import checking, figures, payments, state
from banksite.demo.banks import DemoBank
from banksite.demo.checking import Result
from banksite.demo.figures import Figures
from banksite.demo.joining import Joining
from banksite.demo.opening import Branch
from banksite.demo.payments import Sample, Side
from banksite.demo.screen import Screen
from banksite.demo.supervisor import Done, Job, Supervisor
from banksite.machine.errors import MachineError

_QUIET_LIMIT_S = 120.0
_BOOKS_DIFFER = 3  # the exit code of a check that found differences
_LINES_REFUSED = 3  # exit code of `import_payments`
_TELLER = "teller"


@dataclass(frozen=True, kw_only=True)
class _Errand:
    """A payments file that a bank imports."""

    file: Path
    lines: Sequence[Sample]

    @property
    def outcomes_file(self) -> Path:
        return self.file.with_name(self.file.name + ".outcomes.csv")


@dataclass(kw_only=True)
class _Desk:
    """One bank on this day."""

    branch: Branch
    watch: Job
    before: Figures
    now: Figures
    errands: list[_Errand] = field(default_factory=list)

    @property
    def bank(self) -> DemoBank:
        return self.branch.bank

    @property
    def side(self) -> Side:
        return Side(bank=self.bank, accounts=self.now.customer_accounts)

    @property
    def lines(self) -> list[Sample]:
        return [line for errand in self.errands for line in errand.lines]

    def outcomes(self) -> list[checking.Outcome]:
        return [outcome for errand in self.errands for outcome in checking.read_outcomes(errand.outcomes_file)]

    def has_ended(self) -> bool:
        """Return whether everything that was accepted for other banks was sent and nothing of it is under way."""
        accepted = sum(outcome.outcome == "pending" for outcome in self.outcomes())
        return self.now.since(self.before).count("outgoing") >= accepted and self.now.pending == 0


@dataclass(kw_only=True)
class Payday:
    """One round of payments between banks that are at work; the last of them joins the others if it has not yet."""

    supervisor: Supervisor
    screen: Screen
    folder: Path
    branches: Sequence[Branch]
    joining: Joining

    def run(self) -> list[Result]:
        """Return what each bank did once nothing is under way any more; raise MachineError when it takes too long."""
        with self.screen.busy("waiting for the directory of banks, and for what the last start left under way"):
            first, second, third = desks = [self._watched(branch) for branch in self.branches]
            for desk, others in ((first, [second]), (second, [first]), (third, [])):
                self._wait_until_quiet(desk, knowing=others)
        start = state.next_number(self.folder)
        is_known = third.bank.code in first.now.peers
        self._pay(self._full_files(first, second, start=start), meanwhile=() if is_known else self.joining.steps())
        with self.screen.busy(f"waiting until {third.bank.name} is known everywhere"):
            for desk in desks:
                self._wait_until_quiet(desk, knowing=[other for other in desks if other is not desk])
        if not is_known:
            self.screen.step(
                f"{third.bank.name} applied, two persons at the head bank approved it, and every bank knows it: nothing was restarted."
            )
        self._pay(self._small_files(desks, start=start))
        results = self._ask(desks)
        for desk in desks:
            self.supervisor.end(desk.watch.name)
        return results

    def _watched(self, branch: Branch) -> _Desk:
        """Start to watch a bank and wait until it says something."""
        watch = branch.command("figures", "--customers", "--every", "0.5")
        self.supervisor.keep(watch)
        nothing = Figures(bank=branch.bank.code, directory=0, peers=(), pending=0, dead_letters=0, transfers=(), own_accounts=())
        return _Desk(branch=branch, watch=watch, before=nothing, now=nothing)

    def _wait_until_quiet(self, desk: _Desk, *, knowing: Sequence[_Desk]) -> None:
        """Wait until the bank says that it knows these others and nothing is under way; at the first time its day begins with that."""
        log = self.supervisor.log_of(f"{desk.bank.code} consume_transfers")
        late = MachineError(problem=f"{desk.bank.name} does not get the directory of banks, or answers are missing", remedy=f"see {log}")
        known = {other.bank.code for other in knowing}

        def is_quiet() -> bool:
            self._look(desk)
            return known <= set(desk.now.peers) and desk.now.pending == 0 and bool(desk.now.customer_accounts)

        self.supervisor.wait_until(is_quiet, limit_s=_QUIET_LIMIT_S, otherwise=late)
        if not desk.errands:
            desk.before = desk.now

    def _look(self, desk: _Desk) -> None:
        desk.now = figures.newest(self.supervisor.answer_of(desk.watch.name)) or desk.now

    def _full_files(self, first: _Desk, second: _Desk, *, start: int) -> Iterator[_Desk]:
        """Write a payments file for each of two banks to the other."""
        for desk, other in ((first, second.side), (second, first.side)):
            lines = payments.sample_lines(start=str(start), ours=desk.side, other=other)
            yield self._hand_in(desk, lines, file=desk.bank.folder / f"payments-{start}.csv")

    def _small_files(self, desks: Sequence[_Desk], *, start: int) -> Iterator[_Desk]:
        """Write a payments file for each bank by which the last pays the others, and they pay it."""
        *firsts, last = [desk.side for desk in desks]
        for desk in desks:
            others = firsts if desk is desks[-1] else [last]
            lines = payments.few_lines(start=f"{start}c", ours=desk.side, others=others)
            yield self._hand_in(desk, lines, file=desk.bank.folder / f"payments-{start}c.csv")

    def _hand_in(self, desk: _Desk, lines: Sequence[Sample], *, file: Path) -> _Desk:
        payments.write(lines, file=file)
        desk.errands.append(_Errand(file=file, lines=lines))
        self.screen.step(f"{desk.bank.name} imports {_short(file)}: {len(lines)} payments.")
        return desk

    def _pay(self, desks: Iterator[_Desk], *, meanwhile: Sequence[Job] = ()) -> None:
        """Import the newest file of each bank at the same time, beside other jobs, and watch until every transfer has ended."""
        busy = list(desks)
        imports = [
            [desk.branch.command("import_payments", str(desk.errands[-1].file), "--as", _TELLER, fine=(0, _LINES_REFUSED))] for desk in busy
        ]
        before = {desk.bank.code: desk.now for desk in busy}
        leaving = {desk.bank: sum(line.fate.outcome == "pending" for line in desk.errands[-1].lines) for desk in busy}
        with self.screen.progress(leaving=leaving) as show:

            def look() -> None:
                for desk in busy:
                    self._look(desk)
                    show(desk.bank, desk.now.since(before[desk.bank.code]))

            self.supervisor.meanwhile = look
            self.supervisor.run(*imports, *([meanwhile] if meanwhile else []))
            for desk in busy:
                log = self.supervisor.log_of(f"{desk.bank.code} relay_outbox")
                late = MachineError(problem=f"transfers of {desk.bank.name} have not ended", remedy=f"see {log} and the logs beside it")
                self.supervisor.wait_until(desk.has_ended, limit_s=_QUIET_LIMIT_S, otherwise=late)
            self.supervisor.meanwhile = _nothing

    def _ask(self, desks: Sequence[_Desk]) -> list[Result]:
        """Ask each bank to check its books, and two for the story of one transfer that arrived and of one that came back."""
        stories = self._stories(desks[0])
        tellers = desks[:2]
        telling = [
            [desk.branch.command("show_transfer", transfer_id, "--json", name=f"story {place}")]
            for place, (_, transfer_id) in enumerate(stories)
            for desk in tellers
        ]
        checking_books = [[desk.branch.command("check_books", fine=(0, _BOOKS_DIFFER))] for desk in desks]
        with self.screen.busy("asking the books"):
            done = self.supervisor.run(*telling, *checking_books)
        for place, (title, _) in enumerate(stories):
            told: list[tuple[DemoBank, dict[str, Any]]] = [
                (desk.bank, json.loads(done[place * len(tellers) + which].answer)) for which, desk in enumerate(tellers)
            ]
            self.screen.timeline(title=title, stories=told)
        return [_result(desk, check) for desk, check in zip(desks, done[len(telling) :], strict=True)]

    def _stories(self, desk: _Desk) -> list[tuple[str, str]]:
        """Return titles and ids of one transfer that arrived and of one that came back."""
        wanted = (("One transfer that arrived.", payments.CREDITED), ("One that came back.", payments.UNKNOWN_ACCOUNT))
        lines = list(zip(desk.lines, desk.outcomes(), strict=False))
        found = [(title, next((outcome.transfer_id for line, outcome in lines if line.fate == fate), "")) for title, fate in wanted]
        return [(title, transfer_id) for title, transfer_id in found if transfer_id]


def _result(desk: _Desk, check: Done) -> Result:
    return Result(
        bank=desk.bank,
        lines=desk.lines,
        outcomes=desk.outcomes(),
        figures=desk.now.since(desk.before),
        books_balance=check.code == 0,
        books=check.answer.strip(),
    )


def _short(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _nothing() -> None:
    """Do nothing."""
