"""The browser of the browser tests."""

import shutil
from pathlib import Path

from banksite.machine import apt
from banksite.machine.errors import MachineError

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def ensure_chromium() -> Path:
    """Return the browser's executable, installed from Debian when the machine has none."""
    if (found := _find()) is None:
        apt.install("chromium", "fonts-liberation", provides="Chromium")
        found = _find()
    if found is None:
        raise MachineError(problem="Chromium is installed but not on PATH", remedy="put its folder on PATH and run this again")
    return found


def _find() -> Path | None:
    return next((Path(path) for name in _NAMES if (path := shutil.which(name))), None)
