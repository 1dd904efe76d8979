"""Prometheus and its promtool, from Debian."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from banksite.machine import apt
from banksite.machine.errors import MachineError


@dataclass(frozen=True, kw_only=True)
class Prometheus:
    """The server, and the tool that checks its rules."""

    server: Path
    tool: Path


def ensure_prometheus() -> Prometheus:
    """Return both programs, installed when the machine has none."""
    if (found := _find()) is None:
        apt.install("prometheus", provides="Prometheus")
        found = _find()
    if found is None:
        raise MachineError(problem="Prometheus is installed but not on PATH", remedy="put its folder on PATH and run this again")
    return found


def _find() -> Prometheus | None:
    server, tool = shutil.which("prometheus"), shutil.which("promtool")
    return Prometheus(server=Path(server), tool=Path(tool)) if server and tool else None
