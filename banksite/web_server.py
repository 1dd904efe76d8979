"""gunicorn's configuration (`--config python:banksite.web_server`): the site is there before its port, all workers count together."""

import os
import shutil
import tempfile
from typing import Any

control_socket_disable = True  # it would be the same for every bank of a machine, and nobody asks there
worker_class = "banksite.web_worker.WholeRequestWorker"
logger_class = "banksite.web_log.BankLogger"
preload_app = True  # whoever asks while a server starts is refused and goes to another, instead of waiting here until a worker is ready

# Read by prometheus_client when it is imported, which is after this. Each server has a folder of its own, empty at its start.
_folder = tempfile.mkdtemp(prefix="metrics-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = _folder


def when_ready(_server: Any) -> None:
    """Let go of what loading the site connected to, before there are workers: each has its own connections."""
    from django.db import connections  # noqa: PLC0415  # not before the folder is named

    connections.close_all()


def child_exit(_server: Any, worker: Any) -> None:
    """Keep what a worker counted, without its gauges."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415  # not before the folder is named

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # declares none


def on_exit(_server: Any) -> None:
    """Leave nothing behind."""
    shutil.rmtree(_folder, ignore_errors=True)
