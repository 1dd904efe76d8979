"""Stopping in order: finish the turn, let go, leave."""

import signal
from threading import Event
from types import FrameType


def stop_on_sigterm() -> Event:
    """Return an event that SIGTERM or Ctrl-C sets; a second one of either ends the process at once."""
    stop = Event()

    def set_stop(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, set_stop)
    return stop
