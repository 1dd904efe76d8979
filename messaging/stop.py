"""Stopping in order: finish the turn, let go, leave; and showing meanwhile that the turns go on."""

import signal
import time
from collections.abc import Callable
from threading import Event
from types import FrameType

_SLICE_S = 5.0


class Stop(Event):
    """Set when the process is to end. Every loop asks it once a turn, so it knows when a turn last began."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock, self._asked_at = clock, clock()

    def is_set(self) -> bool:
        """Return whether to end; a new turn begins."""
        self._asked_at = self._clock()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait in slices: a pause between turns, however long, is no standstill."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = _SLICE_S if until is None else until - time.monotonic()
            if left <= 0:
                return False
            super().wait(min(left, _SLICE_S))
        return True

    def standstill_s(self) -> float:
        """Return for how long no turn has begun."""
        return self._clock() - self._asked_at


def stop_on_sigterm() -> Stop:
    """Return an event that SIGTERM or Ctrl-C sets; a second one of either ends the process at once."""
    stop = Stop()

    def set_stop(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, set_stop)
    return stop


def wait_until(condition: Callable[[], bool], *, stop: Event, limit_s: float, every_s: float = 0.2) -> bool:
    """Return whether the condition comes true within the time, or before we are told to stop."""
    deadline = time.monotonic() + limit_s
    while not (true := condition()) and time.monotonic() < deadline and not stop.wait(every_s):
        pass
    return true
