"""Ctrl-C and SIGTERM: end what is being done, and everything with it."""

import signal


class Interruption:
    """Raises KeyboardInterrupt where the signal finds us, and remembers it, should that place have swallowed it."""

    def __init__(self) -> None:
        self._asked = False

    def listen(self) -> None:
        """Take both signals from now on."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._take)

    def ignore(self) -> None:
        """Let further signals pass: stopping has begun, and its time is bounded."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    def check(self) -> None:
        """Raise KeyboardInterrupt when one was asked for."""
        if self._asked:
            raise KeyboardInterrupt

    def _take(self, number: int, frame: object) -> None:  # noqa: ARG002  # the signature of a signal handler
        self._asked = True
        raise KeyboardInterrupt
