"""Processes that act as one bank each and do on demand what a scenario asks of them."""

import multiprocessing
import os
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_SPAWN = multiprocessing.get_context("spawn")


class WorkerError(Exception):
    """What a worker was asked to do failed; the text is its traceback."""


class Worker:
    """One process with one bank's environment. `start` gives it work, `result` waits for it, `call` is both; ends with its maker."""

    def __init__(self, *, environment: Mapping[str, str]) -> None:
        self._ours, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(theirs, dict(environment)), daemon=True)
        self._process.start()
        theirs.close()

    def start(self, work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Let it begin; `work` is a function of a module."""
        self._ours.send((work, args, kwargs))

    def result(self) -> Any:
        """Return what the work returned; raise WorkerError when it failed."""
        done, value = self._ours.recv()
        if not done:
            raise WorkerError(value)
        return value

    def call(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Let it do the work and wait."""
        self.start(work, *args, **kwargs)
        value: R = self.result()
        return value

    def close(self) -> None:
        """End the process."""
        self._ours.close()
        self._process.join(timeout=10)
        self._process.kill()


@contextmanager
def staff(*, environment: Mapping[str, str], number: int) -> Iterator[Sequence[Worker]]:
    """Yield workers of one bank, gone after the block."""
    with ExitStack() as stack:
        workers = [Worker(environment=environment) for _ in range(number)]
        for worker in workers:
            stack.callback(worker.close)
        yield workers


def all_at_once(workers: Sequence[Worker], work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> list[R]:
    """Let all of them do the same at the same time and return their results."""
    for worker in workers:
        worker.start(work, *args, **kwargs)
    return [worker.result() for worker in workers]


def _serve(pipe: Connection, environment: Mapping[str, str]) -> None:
    """Do what comes through the pipe until it is closed."""
    os.environ.update(environment)
    import django  # noqa: PLC0415  # Django reads the environment, which is only now this bank's

    django.setup()
    while True:
        try:
            work, args, kwargs = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((True, work(*args, **kwargs)))
        except Exception:  # noqa: BLE001  # whatever it was, the maker raises it
            pipe.send((False, traceback.format_exc()))
