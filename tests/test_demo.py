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
from banksite.machine.processes import kill_child, stop_child, wait_until

START_LIMIT_S = 180.0


class Running:
    """A demo that was started as a user does, in a folder of its own."""

    def __init__(self, *, folder: Path, port: int, arguments: tuple[str, ...] = ()) -> None:
        self.port, self._folder = port, folder
        self._output = folder / "shown.txt"
        command = [sys.executable, "-m", "banksite.demo", "--state", folder / "state", "--port", str(port), *arguments]
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=CHECKOUT, stdout=output, stderr=subprocess.STDOUT)

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
        return {pid: command for pid, command in living() if str(self._folder) in environment_of(pid)}


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[Running]:
    running = Running(folder=folder, port=three_free_ports(), arguments=arguments)
    try:
        yield running
    finally:
        stop_child(running.process, patience_s=30)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


class TestTheDemo:
    def test_pays_refunds_and_refuses_and_finds_everything_as_it_must_be(self, folder: Path) -> None:
        with demo(folder, "--check") as first:
            assert first.finish() == 0, first.shown

        for promised in ("no such account", "account closed", "insufficient-funds", "iban-invalid", "currency-mismatch", "mirrors"):
            assert promised in first.shown
        assert "the banks agree" in first.shown

    def test_keeps_its_data_over_a_second_start_and_forgets_it_when_told(self, folder: Path) -> None:
        with demo(folder, "--check") as first:
            assert first.finish() == 0, first.shown

        with demo(folder, "--check") as second:
            assert second.finish() == 0, second.shown
        assert "with the data they had" in second.shown

        with demo(folder, "--fresh") as forgetful:
            assert forgetful.finish() == 0
        assert [path.name for path in (folder / "state").iterdir()] == ["lock"]

    def test_starts_a_child_again_that_was_killed_and_says_so(self, folder: Path) -> None:
        with demo(folder) as running:
            running.wait_for("Ctrl-C stops everything")
            web = next(pid for pid, command in running.children().items() if "gunicorn" in command and f":{running.port + 1}" in command)

            os.kill(web, signal.SIGKILL)

            running.wait_for("starting it again")
            assert wait_until(lambda: not is_free(port=running.port + 1), limit_s=20)

    def test_leaves_no_child_behind_when_it_is_killed(self, folder: Path) -> None:
        with demo(folder) as running:
            running.wait_for("at work after")
            assert len(running.children()) > 8

            kill_child_only(running.process)

            assert wait_until(lambda: not running.children(), limit_s=15), running.children()

    def test_ends_in_order_within_seconds_of_ctrl_c(self, folder: Path) -> None:
        with demo(folder) as running:
            running.wait_for("at work after")

            running.process.send_signal(signal.SIGINT)

            assert running.process.wait(timeout=15) == 0
            assert not running.children()

    def test_says_in_one_line_which_port_is_taken_and_what_to_do(self, folder: Path) -> None:
        with demo(folder) as running:
            running.wait_for("at work after")

            other = Running(folder=folder, port=running.port, arguments=("--state", str(folder / "other")))

            assert other.finish() == 1
            assert re.fullmatch(rf"demo: port {running.port}, which Head Bank needs, is taken: [^\n]+\n", other.shown)


def kill_child_only(process: "subprocess.Popen[bytes]") -> None:
    """Kill the supervisor alone, not its session: its children must notice by themselves."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def three_free_ports() -> int:
    """Return the first of three free ports in a row."""
    for _ in range(50):
        first = free_ports(count=1)[0]
        if first < 65_000 and all(is_free(port=first + offset) for offset in range(3)):
            return first
    raise AssertionError("no three free ports in a row")


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
