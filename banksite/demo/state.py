"""The folder of the demo: locked while it runs, forgotten as a whole."""

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from banksite.demo.banks import CHECKOUT
from banksite.machine.errors import MachineError

_LOCK, _OPENED, _SIGN_INS = "lock", "opened", "sign-ins"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep every other demo out of this folder; raise MachineError when one runs in it or it cannot be used."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("w")
    except OSError as refused:
        raise MachineError(problem=f"{folder} cannot be used ({refused.strerror})", remedy="choose another with --state") from refused
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            raise MachineError(problem=f"a demo runs in {folder}", remedy="stop it with Ctrl-C first") from taken
        yield


def forget(folder: Path) -> None:
    """Delete everything in the folder: databases, keys, payments files, logs and the broker's data."""
    for entry in folder.iterdir():
        if entry.name == _LOCK:
            continue
        for inner in [entry, *entry.glob("*")]:
            if inner.is_symlink():  # a server's data where its user may enter
                shutil.rmtree(inner.resolve(), ignore_errors=True)
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def is_opened(folder: Path) -> bool:
    """Return whether the banks in this folder were opened by this version of the project, so that it need not be done again."""
    stamp = folder / _OPENED
    return stamp.exists() and stamp.read_text() == _version()


def mark_opened(folder: Path, *, sign_ins: str) -> None:
    """Remember that all banks are open, and who may sign in."""
    (folder / _SIGN_INS).write_text(sign_ins)
    (folder / _OPENED).write_text(_version())


def sign_ins(folder: Path) -> list[tuple[str, str, str]]:
    """Return user, password and role of each member of the sample staff."""
    rows = [line.split("\t") for line in (folder / _SIGN_INS).read_text().splitlines()]
    return [(user, password, role) for user, password, role in rows]


def next_number(folder: Path) -> int:
    """Return 1 at the first start in this folder, 2 at the second, and so on."""
    counter = folder / "starts"
    number = int(counter.read_text()) + 1 if counter.exists() else 1
    counter.write_text(str(number))
    return number


def _version() -> str:
    """Return a digest of what decides about tables and about what is opened."""
    digest = hashlib.sha256()
    for pattern in ("*/migrations/*.py", "*/triggers.py", "access/roles.py", "banksite/management/commands/*.py"):
        for path in sorted(CHECKOUT.glob(pattern)):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
