"""The supervisor: keeps children alive, runs commands to their end meanwhile, and ends everything in order."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from banksite.demo.interruption import Interruption
from banksite.machine.errors import MachineError
from banksite.machine.processes import kill_child, last_lines, start_child

_QUICK_S = 10.0  # who dies sooner than this died at its start
_MOST_QUICK_DEATHS = 5
_PATIENCE_S = 6.0
_LOOK_EVERY_S = 0.1
_MEND_EVERY_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """A process to run: what it is called, its command line, and the environment it gets on top of ours.

    With `answers` its stdout goes to a file of its own instead of the log. A command may exit with one of `fine`.
    """

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    last_signal: signal.Signals = signal.SIGKILL
    answers: bool = False
    fine: tuple[int, ...] = (0,)


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended: its exit code, and its stdout where it answers."""

    code: int
    answer: str


@dataclass(kw_only=True)
class _Child:
    job: Job
    process: subprocess.Popen[bytes]
    started: float
    quick_deaths: int = 0
    due: float | None = None  # when to start it again, once it died


class Supervisor:
    """Everything here is called from the main thread, which the children's lives hang on (see `start_child`)."""

    def __init__(self, *, folder: Path, notice: Callable[[str], None], interruption: Interruption) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._notice, self._interruption = folder, notice, interruption
        self.meanwhile: Callable[[], None] = _nothing  # called while anything is waited for
        self.mend: Callable[[], Iterable[str]] = tuple  # called now and then; what it mended is said
        self._mended = time.monotonic()
        self._children: dict[str, _Child] = {}

    def log_of(self, name: str) -> Path:
        """Return the file that takes what a process of this name says."""
        return self._folder / f"{name.replace(' ', '-')}.log"

    def answer_of(self, name: str) -> Path:
        """Return the file that takes what a process of this name answers on stdout."""
        return self._folder / f"{name.replace(' ', '-')}.out"

    def keep(self, job: Job) -> None:
        """Start a process and keep it alive until `stop`."""
        self._children[job.name] = _Child(job=job, process=self._start(job), started=time.monotonic())

    def look(self) -> None:
        """Start again what died and say so; raise MachineError for a child that dies at every start."""
        now = time.monotonic()
        if now - self._mended > _MEND_EVERY_S:
            self._mended = now
            for mended in self.mend():
                self._notice(mended)
        for child in self._children.values():
            if child.due is None and child.process.poll() is not None:
                self._bury(child, now=now)
            elif child.due is not None and now >= child.due:
                child.process, child.started, child.due = self._start(child.job), now, None

    def run(self, *chains: Sequence[Job], limit_s: float = 120.0) -> list[Done]:
        """Run chains of commands side by side and return how the last of each ended; raise MachineError when one fails."""
        running: list[subprocess.Popen[bytes] | None] = [None] * len(chains)
        codes = [0] * len(chains)
        left = [list(chain) for chain in chains]
        deadline = time.monotonic() + limit_s
        try:
            while any(left):
                for number, chain in enumerate(left):
                    if not chain:
                        continue
                    running[number] = process = running[number] or self._start(chain[0])
                    if process.poll() is not None:
                        codes[number], running[number] = self._judge(chain.pop(0), process), None
                if time.monotonic() > deadline and any(left):
                    late = next(chain[0] for chain in left if chain)
                    raise MachineError(problem=f"{late.name} took more than {limit_s:.0f} s", remedy=f"see {self.log_of(late.name)}")
                self.pause()
        finally:
            for process in filter(None, running):
                kill_child(process)
        return [Done(code=code, answer=self._answer(chain[-1])) for code, chain in zip(codes, chains, strict=True)]

    def wait_until(self, condition: Callable[[], bool], *, limit_s: float, otherwise: MachineError) -> None:
        """Wait for a condition while the children are kept alive; raise `otherwise` when it does not come true in time."""
        deadline = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline:
                raise otherwise
            self.pause()

    def pause(self) -> None:
        """Let a moment pass, with an eye on the children; raise KeyboardInterrupt when we are to end."""
        self._interruption.check()
        self.look()
        self.meanwhile()
        time.sleep(_LOOK_EVERY_S)

    def end(self, name: str) -> None:
        """End a child that is needed no more."""
        _end_session(self._children.pop(name).process)

    def pids(self) -> dict[str, int]:
        """Return the process ids of the children, by name."""
        return {name: child.process.pid for name, child in self._children.items()}

    def stop(self) -> None:
        """Ask all children to end, give them a few seconds together, and kill what is left of them."""
        living = [child.process for child in self._children.values() if child.process.poll() is None]
        for process in living:
            process.terminate()
        deadline = time.monotonic() + _PATIENCE_S
        for process in living:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.0, deadline - time.monotonic()))
        for process in living:
            _end_session(process)
        self._children.clear()

    def _start(self, job: Job) -> subprocess.Popen[bytes]:
        log, answer = self.log_of(job.name), self.answer_of(job.name) if job.answers else None
        return start_child(job.command, log=log, environment=job.environment, last_signal=job.last_signal, answer=answer)

    def _judge(self, job: Job, process: subprocess.Popen[bytes]) -> int:
        """Return the exit code of a command; raise MachineError when it failed."""
        if process.returncode not in job.fine:
            log = self.log_of(job.name)
            raise MachineError(problem=f"{job.name} failed ({last_lines(log)})", remedy=f"see {log}")
        return process.returncode

    def _answer(self, job: Job) -> str:
        return self.answer_of(job.name).read_text() if job.answers else ""

    def _bury(self, child: _Child, *, now: float) -> None:
        """Say that a child died, end what it left behind, and set the time of its next start."""
        _end_session(child.process)
        log = self.log_of(child.job.name)
        child.quick_deaths = child.quick_deaths + 1 if now - child.started < _QUICK_S else 1
        if child.quick_deaths > _MOST_QUICK_DEATHS:
            raise MachineError(problem=f"{child.job.name} ends at every start ({last_lines(log)})", remedy=f"see {log}")
        child.due = now + (child.quick_deaths - 1) * 0.5
        self._notice(f"{child.job.name} {_how(child.process.returncode)}; starting it again")


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a process and its own children, so that they hold no port."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _how(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _nothing() -> None:
    """Do nothing."""
