"""The checkout's own Python environment, made with nothing but the machine's Python."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from banksite.machine.errors import MachineError
from banksite.machine.progress import say

_CHECKOUT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = _CHECKOUT / ".venv"
_PYTHON = _ENVIRONMENT / "bin" / "python"
_LOG = _ENVIRONMENT / "pip.log"
_UNREACHABLE = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|Max retries"
    r"|Connection(?: \w+)* (?:broken|refused|reset)|No matching distribution|Could not fetch URL"
)


def ensure_python(*, requirements: Sequence[str]) -> None:
    """Make `.venv` and install these files of pinned requirements; at once when they are what was installed last."""
    if not _works():
        _make()
    for name in requirements:
        stamp, wanted = _ENVIRONMENT / f".installed-{name}", _fingerprint(_CHECKOUT / name)
        if not stamp.exists() or stamp.read_text() != wanted:
            _install(name)
            stamp.write_text(wanted)


def _works() -> bool:
    """Tell whether the environment is there and its Python still runs: an upgrade of the machine's Python breaks it."""
    return _PYTHON.exists() and subprocess.run([_PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def _make() -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise MachineError(
            problem="this Python cannot make virtual environments",
            remedy=f"install its venv module (Debian: apt-get install python{version}-venv)",
        )
    say("Python", f"making {_ENVIRONMENT.name} with {sys.version.split()[0]}")
    shutil.rmtree(_ENVIRONMENT, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "venv", _ENVIRONMENT], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1]
        raise MachineError(problem=f"the environment could not be made ({reason})", remedy=f"make {_ENVIRONMENT} writable and try again")


def _install(name: str) -> None:
    packages = (_CHECKOUT / name).read_text().count("==")
    say("Python", f"installing the {packages} packages of {name} (only when it changed)")
    command: list[str | Path] = [
        _PYTHON,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "-r",
        _CHECKOUT / name,
    ]
    done = subprocess.run(command, env={**os.environ, "PYTHONWARNINGS": "ignore"}, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    _LOG.write_text(done.stdout + done.stderr)
    if _UNREACHABLE.search(done.stderr):
        raise MachineError(
            problem="the Python package index cannot be reached", remedy="check the network, or name an index in PIP_INDEX_URL"
        )
    reason = next((line for line in reversed(done.stderr.splitlines()) if line.startswith("ERROR")), "no reason given")
    raise MachineError(problem=f"the packages of {name} could not be installed ({reason})", remedy=f"see {_LOG}")


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
