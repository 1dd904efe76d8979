"""The course of the demo: open, start, pay, wait until every transfer has ended, tell, go on."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from banksite.demo import checking, opening, parts, state
from banksite.demo.banks import DemoBank
from banksite.demo.interruption import Interruption
from banksite.demo.joining import Joining
from banksite.demo.opening import Branch
from banksite.demo.payday import Payday
from banksite.demo.screen import Screen
from banksite.demo.supervisor import Supervisor


@dataclass(frozen=True, kw_only=True)
class Show:
    """One run of the demo."""

    folder: Path
    banks: tuple[DemoBank, DemoBank, DemoBank, DemoBank]
    screen: Screen
    interruption: Interruption
    real_parts: bool
    picture: Path | None

    def run(self, *, goes_on: bool) -> int:
        """Show everything; then go on until interrupted, or return 0 when all is as it must be and 1 when not."""
        self.screen.title()
        supervisor = Supervisor(folder=self.folder / "logs", notice=self.screen.notice, interruption=self.interruption)
        with self._parts() as stands_on:
            supervisor.mend = stands_on.mend
            self.screen.step(f"Broker and databases: {stands_on.words}.")
            try:
                wrong = self._act(supervisor, stands_on)
                while goes_on:
                    supervisor.pause()
            finally:
                self.interruption.ignore()
                supervisor.stop()
        return 1 if wrong else 0

    def _parts(self) -> AbstractContextManager[parts.Parts]:
        return parts.real(self.banks, folder=self.folder) if self.real_parts else parts.embedded(self.banks)

    def _act(self, supervisor: Supervisor, stands_on: parts.Parts) -> list[str]:
        """Play the whole demo and return what is not as it must be."""
        began = time.monotonic()
        branches = tuple(Branch(bank=bank, head_bank=self.banks[0], parts=stands_on) for bank in self.banks)
        self._open(supervisor, branches)
        self._start(supervisor, branches)
        self.screen.step(
            f"Web, relay, consumer, webhooks and housekeeping of each bank are at work after {time.monotonic() - began:.0f} s."
        )
        joining = Joining(supervisor=supervisor, head=branches[0], branch=branches[-1])
        results = Payday(supervisor=supervisor, screen=self.screen, folder=self.folder, branches=branches[1:], joining=joining).run()
        self.screen.summary(results)
        wrong = checking.differences(results)
        self.screen.verdict(wrong)
        self.screen.where_to_go(banks=self.banks, sign_ins=state.sign_ins(self.folder), state=self.folder.parent)
        if self.picture:
            self.screen.save(self.picture)
        return wrong

    def _open(self, supervisor: Supervisor, branches: Sequence[Branch]) -> None:
        if state.is_opened(self.folder):
            self.screen.step("The banks are open since the last start, with the data they had.")
        else:
            with self.screen.busy("opening the head bank and three others"):
                sign_ins = opening.open_banks(supervisor, branches=branches)
            state.mark_opened(self.folder, sign_ins=sign_ins)
            self.screen.step("The head bank, Bank A, Bank B and Bank C are open; sample customers have money on their accounts.")
            self.screen.step(
                "The register has the public keys of Bank A and Bank B; each bank was given the head bank's, and nothing else."
            )

    def _start(self, supervisor: Supervisor, branches: Sequence[Branch]) -> None:
        with self.screen.busy("starting their servers"):
            opening.start_servers(supervisor, branches=branches)
