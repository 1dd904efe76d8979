"""A day's payments: import a file at each bank, watch until every transfer has ended, ask the books."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from banksite.demo import checking, figures, payments, state
from banksite.demo.checking import Result
from banksite.demo.figures import Figures
from banksite.demo.opening import Branch
from banksite.demo.payments import Sample
from banksite.demo.screen import Screen
from banksite.demo.supervisor import Job, Supervisor
from banksite.machine.errors import MachineError

_QUIET_LIMIT_S = 120.0
_BOOKS_DIFFER = 3  # the exit code of a check that found differences
_TELLER = "teller"


@dataclass(kw_only=True)
class _Desk:
    """One bank on this day."""

    branch: Branch
    watch: Job
    before: Figures
    now: Figures
    lines: Sequence[Sample] = ()
    file: Path = field(default_factory=Path)

    @property
    def outcomes_file(self) -> Path:
        return self.file.with_name(self.file.name + ".outcomes.csv")


@dataclass(kw_only=True)
class Payday:
    """One round of payments between two banks that are at work."""

    supervisor: Supervisor
    screen: Screen
    folder: Path
    branches: Sequence[Branch]

    def run(self) -> tuple[Result, Result]:
        """Return what each bank did once nothing is under way any more; raise MachineError when it takes too long."""
        with self.screen.busy("waiting for the directory of banks, and for what the last start left under way"):
            first, second = (self._watched(branch) for branch in self.branches)
            self._wait_until_quiet(first, second)
        self._write_files(first, second)
        self._pay(first, second)
        self._tell_one_story(first, second)
        with self.screen.busy("asking the books"):
            results = self._results(first, second)
        for desk in (first, second):
            self.supervisor.end(desk.watch.name)
        return results

    def _watched(self, branch: Branch) -> _Desk:
        """Start to watch a bank."""
        watch = branch.command("figures", "--customers", "--every", "0.5")
        self.supervisor.keep(watch)
        nothing = Figures(bank=branch.bank.code, directory=0, peers=(), pending=0, dead_letters=0, transfers=(), own_accounts=())
        return _Desk(branch=branch, watch=watch, before=nothing, now=nothing)

    def _wait_until_quiet(self, first: _Desk, second: _Desk) -> None:
        """Wait until each bank knows the other and nothing is under way between them."""
        for desk, other in ((first, second), (second, first)):
            log = self.supervisor.log_of(f"{desk.branch.bank.code} consume_transfers")
            late = MachineError(
                problem=f"{desk.branch.bank.name} does not get the directory of banks, or answers are missing", remedy=f"see {log}"
            )
            self.supervisor.wait_until(
                partial(self._is_quiet, desk, knowing=other.branch.bank.code), limit_s=_QUIET_LIMIT_S, otherwise=late
            )
        for desk in (first, second):
            desk.before = desk.now

    def _is_quiet(self, desk: _Desk, *, knowing: str) -> bool:
        self._look(desk)
        return knowing in desk.now.peers and desk.now.pending == 0

    def _look(self, desk: _Desk) -> None:
        desk.now = figures.newest(self.supervisor.answer_of(desk.watch.name)) or desk.now

    def _write_files(self, first: _Desk, second: _Desk) -> None:
        """Write a payments file for each bank from the accounts of both."""
        start = state.next_number(self.folder)
        ours, theirs = (desk.now.customer_accounts for desk in (first, second))
        for desk, mine, other, others in ((first, ours, second, theirs), (second, theirs, first, ours)):
            desk.lines = payments.sample_lines(start=start, bank=desk.branch.bank, ours=mine, other=other.branch.bank, theirs=others)
            desk.file = desk.branch.bank.folder / f"payments-{start}.csv"
            payments.write(desk.lines, file=desk.file)
            self.screen.step(f"{desk.branch.bank.name} imports {_short(desk.file)}: {len(desk.lines)} payments.")

    def _pay(self, first: _Desk, second: _Desk) -> None:
        """Import both files at the same time and watch until every transfer has ended."""
        desks = (first, second)
        imports = [[desk.branch.command("import_payments", str(desk.file), "--as", _TELLER)] for desk in desks]
        leaving = [sum(line.fate.outcome == "pending" for line in desk.lines) for desk in desks]
        routes = [(first.branch.bank, second.branch.bank, leaving[0]), (second.branch.bank, first.branch.bank, leaving[1])]
        with self.screen.progress(routes=routes) as show:

            def look() -> None:
                for desk in desks:
                    self._look(desk)
                    show(desk.branch.bank, desk.now.since(desk.before))

            self.supervisor.meanwhile = look
            self.supervisor.run(*imports)
            for desk in desks:
                log = self.supervisor.log_of(f"{desk.branch.bank.code} relay_outbox")
                late = MachineError(
                    problem=f"transfers of {desk.branch.bank.name} have not ended", remedy=f"see {log} and the logs beside it"
                )
                self.supervisor.wait_until(partial(_has_ended, desk), limit_s=_QUIET_LIMIT_S, otherwise=late)
            self.supervisor.meanwhile = _nothing

    def _tell_one_story(self, first: _Desk, second: _Desk) -> None:
        """Show one transfer that arrived and one that came back, as both banks tell it."""
        outcomes = checking.read_outcomes(first.outcomes_file)
        for title, fate in (("One transfer that arrived.", payments.CREDITED), ("One that came back.", payments.UNKNOWN_ACCOUNT)):
            transfer_id = next((outcome.transfer_id for line, outcome in zip(first.lines, outcomes, strict=False) if line.fate == fate), "")
            if transfer_id:
                self._tell(title, transfer_id, (first, second))

    def _tell(self, title: str, transfer_id: str, desks: Sequence[_Desk]) -> None:
        told = self.supervisor.run(*([desk.branch.command("show_transfer", transfer_id, "--json")] for desk in desks))
        stories: list[tuple[Any, dict[str, Any]]] = [
            (desk.branch.bank, json.loads(done.answer)) for desk, done in zip(desks, told, strict=True)
        ]
        self.screen.timeline(title=title, stories=stories)

    def _results(self, first: _Desk, second: _Desk) -> tuple[Result, Result]:
        """Ask each bank to check its books and put together what it did."""
        checks = [[desk.branch.command("check_books", fine=(0, _BOOKS_DIFFER))] for desk in (first, second)]
        done = self.supervisor.run(*checks)
        one, other = (
            Result(
                bank=desk.branch.bank,
                lines=desk.lines,
                outcomes=checking.read_outcomes(desk.outcomes_file),
                figures=desk.now.since(desk.before),
                books_balance=check.code == 0,
                books=check.answer.strip(),
            )
            for desk, check in zip((first, second), done, strict=True)
        )
        return one, other


def _has_ended(desk: _Desk) -> bool:
    """Return whether everything that was accepted for the other bank was sent and nothing of it is under way."""
    accepted = sum(outcome.outcome == "pending" for outcome in checking.read_outcomes(desk.outcomes_file))
    return desk.now.since(desk.before).count("outgoing") >= accepted and desk.now.pending == 0


def _short(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _nothing() -> None:
    """Do nothing."""
