#!/usr/bin/env python
"""`make_password.py FOLDER`: make the password in a folder, for whoever mounts it, unless it is there."""

import os
import secrets
import sys
from pathlib import Path


def main() -> None:
    """Make the one on the command line; users of other containers read it, too."""
    kept(Path(sys.argv[1]) / "password", mode=0o444)


def kept(file: Path, *, mode: int) -> str:
    """Return the secret in a file, made at the first time."""
    if not file.exists():
        write(file, text=secrets.token_hex(24), mode=mode)
    return file.read_text()


def write(file: Path, *, text: str, mode: int) -> None:
    """Write a file that appears whole or not at all."""
    unfinished = file.with_name(file.name + ".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.chmod(mode)
    unfinished.rename(file)


if __name__ == "__main__":
    main()
