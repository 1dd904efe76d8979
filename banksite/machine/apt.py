"""Debian's package manager, used only for what is missing and only as root."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from banksite.machine.errors import MachineError
from banksite.machine.progress import say

_APT = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300")
_PLACES = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin"
_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "a"}


def install(*packages: str, provides: str) -> None:
    """Install Debian packages; raise MachineError with the command to run where we may not."""
    command = f"apt-get install {' '.join(packages)}"
    if shutil.which("apt-get") is None:
        raise MachineError(problem=f"{provides} is missing", remedy="install it with this system's package manager and run this again")
    if os.geteuid() != 0:
        raise MachineError(problem=f"{provides} is missing", remedy=f"run `sudo {command}` and then this again")
    say(provides, f"not found, installing it ({command})")
    _update(provides)
    _run(*_APT, "install", "--no-install-recommends", *packages, provides=provides)


def ensure_program(name: str, *, package: str, provides: str) -> Path:
    """Return a program of Debian's that is not on everybody's PATH, installed when the machine has none; raise MachineError."""
    if (found := shutil.which(name, path=_PLACES)) is None:
        install(package, provides=provides)
        found = shutil.which(name, path=_PLACES)
    if found is None:
        raise MachineError(problem=f"{provides} is installed but not found", remedy=f"put it into one of {_PLACES} and run this again")
    return Path(found)


@cache
def _update(provides: str) -> None:
    _run(*_APT, "update", provides=provides)


def _run(*command: str, provides: str) -> None:
    done = subprocess.run(command, env={**os.environ, **_QUIET}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise MachineError(
            problem=f"{provides} could not be installed ({reason})", remedy=f"mend what `{' '.join(command)}` says and run this again"
        )
