"""Progress on stderr: a bar for a person at a terminal, a line now and then for a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

_LOG_EVERY_S = 10.0


class Report(Protocol):
    """Tell how much is done of the total, and in words."""

    def __call__(self, done: int, words: str = "") -> None:
        """Show it."""


@contextmanager
def shown(*, title: str, total: int) -> Iterator[Report]:
    """Yield what shows the progress of the block; stdout stays untouched."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[words]}"),
        )
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(title, total=total, words="")
            yield lambda done, words="": bar.update(task, completed=done, words=words)
        return
    last = time.monotonic()

    def log(done: int, words: str = "") -> None:
        nonlocal last
        if time.monotonic() - last >= _LOG_EVERY_S:
            last = time.monotonic()
            sys.stderr.write(f"{title}: {done} of {total} {words}\n")

    yield log
