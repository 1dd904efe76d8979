"""Folders that a server may enter even where we run as root in a folder closed to others."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from banksite.machine.processes import identity_of

_OPEN_TO_ALL = Path("/var/tmp")  # noqa: S108  # survives a reboot; the folder made in it is closed and checked below


def home_of_user(*, folder: Path, user: str | None) -> Path:
    """Make `folder` the user's own and return where it really is.

    A checkout below /root is closed to everyone else. The folder is then a link to one below /var/tmp; when the
    link is gone, what it pointed to counts as forgotten and is emptied.
    """
    folder = folder.absolute()
    if user is None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    if _may_enter(folder=folder.parent, user=user):
        folder.mkdir(exist_ok=True, mode=0o700)
        shutil.chown(folder, user=user)
        return folder
    return _elsewhere(folder=folder, user=user)


def _elsewhere(*, folder: Path, user: str) -> Path:
    if not folder.exists():
        place = _OPEN_TO_ALL / f"bank-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700)  # fails rather than trust a folder that someone else put there meanwhile
        shutil.chown(place, user=user)
        folder.unlink(missing_ok=True)  # a link to nowhere
        folder.symlink_to(place)
    return folder.resolve()


def _may_enter(*, folder: Path, user: str) -> bool:
    asked = subprocess.run(
        ["/usr/bin/test", "-x", folder],
        cwd="/",
        check=False,
        **identity_of(user),
    )
    return asked.returncode == 0
