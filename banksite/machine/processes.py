"""Child processes that never outlive their parent."""

import atexit
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TypedDict

_PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None  # loaded before any fork


class Identity(TypedDict, total=False):
    """Who a process runs as, in the words of `subprocess`; empty: as we do."""

    user: int
    group: int
    extra_groups: list[int]


def start_child(
    command: Sequence[str | Path],
    *,
    log: Path,
    user: str | None = None,
    environment: Mapping[str, str] | None = None,
    last_signal: signal.Signals = signal.SIGKILL,
    answer: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process that gets `last_signal` when we die, however we die; its output is appended to `log`.

    Its stdout replaces `answer` instead where that is given.

    Call it from a thread that lives as long as the program does: Linux sends the signal when the *thread* that
    forked ends. The child has a session of its own, so Ctrl-C reaches us alone and we stop children in order.
    `user` needs root.
    """
    with log.open("ab") as output, answer.open("wb") if answer else nullcontext(output) as stdout:
        child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=output,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            preexec_fn=_dying_with(parent=os.getpid(), last_signal=last_signal),
            **identity_of(user),
        )
    if _LIBC is None:
        atexit.register(stop_child, child, patience_s=10)
    return child


def stop_child(child: subprocess.Popen[bytes], *, patience_s: float, with_signal: signal.Signals = signal.SIGTERM) -> None:
    """Ask the child to end; kill it and all its session when it has not ended in time."""
    if child.poll() is None:
        child.send_signal(with_signal)
    try:
        child.wait(timeout=patience_s)
    except subprocess.TimeoutExpired:
        kill_child(child)


def kill_child(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and its session at once, as a crash would, and wait until it is gone."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def wait_until(condition: Callable[[], bool], *, limit_s: float, every_s: float = 0.05) -> bool:
    """Ask until the condition holds or the time is over; return whether it held."""
    deadline = time.monotonic() + limit_s
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(every_s)
    return held


def identity_of(user: str | None) -> Identity:
    """Return the arguments with which `subprocess` runs something as this user, without any other group; root only."""
    if user is None:
        return Identity()
    entry = pwd.getpwnam(user)
    return Identity(user=entry.pw_uid, group=entry.pw_gid, extra_groups=[])


def last_lines(log: Path, *, count: int = 1) -> str:
    """Return the end of a log as one line, for the error message of what wrote it."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[-count:]) or "it said nothing"


def _dying_with(*, parent: int, last_signal: signal.Signals) -> Callable[[], None] | None:
    if _LIBC is None:
        return None

    def in_child() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(last_signal))
        if os.getppid() != parent:  # it died between fork and prctl: nobody would ever send the signal
            os._exit(1)

    return in_child
