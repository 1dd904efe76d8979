"""gunicorn's configuration (`--config python:banksite.web_server`): the counts of all workers of one server add up."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

# Read by prometheus_client when it is imported, which is after this. Each server has a folder of its own, empty at its start.
_named = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
_folder = Path(_named or tempfile.mkdtemp(prefix="metrics-"))
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_folder)


def on_starting(_server: Any) -> None:
    """Forget what an earlier server counted."""
    _folder.mkdir(parents=True, exist_ok=True)
    for file in _folder.glob("*.db"):
        file.unlink()


def child_exit(_server: Any, worker: Any) -> None:
    """Keep what a worker counted, without its gauges."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415  # not before the folder is named

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # declares none


def on_exit(_server: Any) -> None:
    """Leave nothing behind."""
    if not _named:
        shutil.rmtree(_folder, ignore_errors=True)
