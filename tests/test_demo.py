"""The demo as a user starts it: it shows what it promises, outlives the death of its children, and leaves none behind."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from banksite.demo.banks import CHECKOUT
from banksite.machine.ports import free_ports, is_free
from banksite.machine.processes import stop_child, wait_until

START_LIMIT_S = 180.0
pytestmark = pytest.mark.demo


class Running:
    """A demo that was started as a user does, in a folder of its own."""

    def __init__(self, *, folder: Path, port: int, arguments: tuple[str, ...] = (), name: str = "shown") -> None:
        folder.mkdir(exist_ok=True)
        self.port, self.state, self._output = port, folder / "state", folder / f"{name}.txt"
        command: list[str | Path] = [sys.executable, "-m", "banksite.demo", "--state", self.state, "--port", str(port), *arguments]
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=CHECKOUT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)

    @property
    def shown(self) -> str:
        return self._output.read_text()

    def wait_for(self, text: str, *, count: int = 1) -> None:
        wait_until(lambda: self.shown.count(text) >= count or self.process.poll() is not None, limit_s=START_LIMIT_S)
        assert self.shown.count(text) >= count, self.shown

    def finish(self) -> int:
        code = self.process.wait(timeout=START_LIMIT_S)
        return int(code)

    def children(self) -> dict[int, str]:
        """Return everything alive that works in this demo's folder, by process id."""
        return {pid: command for pid, command in living() if str(self.state) in environment_of(pid)}


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[Running]:
    running = Running(folder=folder, port=four_free_ports(), arguments=arguments)
    try:
        yield running
    finally:
        stop_child(running.process, patience_s=30)


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a demo that was started on nothing, has shown everything and goes on."""
    with demo(tmp_path_factory.mktemp("first")) as running:
        running.wait_for("Ctrl-C stops everything")
        yield running


@pytest.fixture
def opened(first_start: Running, tmp_path: Path) -> Path:
    """Return a copy of what the first start left."""
    stop_child(first_start.process, patience_s=30, with_signal=signal.SIGINT)
    shutil.copytree(first_start.state, tmp_path / "state")
    return tmp_path


class TestTheDemo:
    def test_pays_refunds_and_refuses_and_finds_everything_as_it_must_be(self, first_start: Running) -> None:
        for promised in ("no such account", "account closed", "insufficient-funds", "iban-invalid", "currency-mismatch", "mirrors"):
            assert promised in first_start.shown
        assert "the banks agree" in first_start.shown

    def test_lets_a_third_bank_join_while_the_others_pay_each_other(self, first_start: Running) -> None:
        paid, joined, took_part = (
            first_start.shown.index(said)
            for said in ("Bank A imports bnka/payments-1.csv", "Bank C applied, two persons", "Bank C imports bnkc/payments-1c.csv")
        )

        assert paid < joined < took_part
        assert "starting it again" not in first_start.shown

    def test_holds_its_ports_and_its_folder_and_ends_in_order_on_ctrl_c(self, first_start: Running, tmp_path: Path) -> None:
        same_port = Running(folder=tmp_path / "other", port=first_start.port)
        same_folder = Running(folder=first_start.state.parent, port=four_free_ports(), name="same")
        assert (same_port.finish(), same_folder.finish()) == (1, 1)
        assert len(first_start.children()) > 12
        first_start.process.send_signal(signal.SIGINT)

        assert first_start.finish() == 0, first_start.shown
        assert not first_start.children()
        assert re.fullmatch(rf"demo: port {first_start.port}, which Head Bank needs, is taken: stop [^\n]+\n", same_port.shown)
        assert re.fullmatch(r"demo: a demo runs in [^\n]+: stop it with Ctrl-C first\n", same_folder.shown)

    def test_starts_a_child_again_that_was_killed_says_so_and_still_ends_well_on_the_data_it_had(self, opened: Path) -> None:
        with demo(opened, "--check") as running:
            running.wait_for("at work after")
            consumer = next(pid for pid, command in running.children().items() if "consume_transfers" in command)

            os.kill(consumer, signal.SIGKILL)

            assert running.finish() == 0, running.shown
        assert "consume_transfers was ended by SIGKILL; starting it again" in running.shown
        assert "with the data they had" in running.shown
        assert "Bank C applied" not in running.shown

    def test_leaves_no_child_behind_when_it_is_killed(self, opened: Path) -> None:
        with demo(opened) as running:
            assert wait_until(lambda: len(running.children()) > 12, limit_s=START_LIMIT_S), running.shown

            os.kill(running.process.pid, signal.SIGKILL)  # the supervisor alone: its children must notice by themselves
            running.process.wait()

            assert wait_until(lambda: not running.children(), limit_s=15), running.children()

    def test_forgets_everything_when_told(self, opened: Path) -> None:
        with demo(opened, "--fresh") as forgetful:
            assert forgetful.finish() == 0, forgetful.shown

        assert [path.name for path in forgetful.state.iterdir()] == ["lock"]


def four_free_ports() -> int:
    """Return the first of four free ports in a row."""
    for _ in range(50):
        first = free_ports(count=1)[0]
        if first < 65_000 and all(is_free(port=first + offset) for offset in range(4)):
            return first
    raise AssertionError("no four free ports in a row")


def living() -> Iterator[tuple[int, str]]:
    """Yield every process that is no zombie, with its command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if command := (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                    yield int(entry.name), command


def environment_of(pid: int) -> str:
    """Return the environment a process was started with; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""
