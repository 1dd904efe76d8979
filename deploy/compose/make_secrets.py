#!/usr/bin/env python
"""`make_secrets.py DATABASE KAFKA`: make one bank's secrets where they are missing; what exists stays as it is."""

import os
import secrets
import sys
from pathlib import Path


def main() -> None:
    """Write a password into each of the two folders, and the file that ENV_FILE names, which its processes read."""
    database, kafka = Path(sys.argv[1]), Path(sys.argv[2])
    code, env_file = os.environ["BANK_CODE"], Path(os.environ["ENV_FILE"])
    database_password = _kept(database / "password", mode=0o444)  # read by PostgreSQL's own user
    kafka_password = _kept(kafka / "password", mode=0o400)
    if env_file.exists():
        return
    lines = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": f"postgresql://bank:{database_password}@{code.lower()}-database:5432/bank",
        "KAFKA_SASL_PASSWORD": kafka_password,
    }
    _write(env_file, text="".join(f"{name}={value}\n" for name, value in lines.items()), mode=0o600)


def _kept(file: Path, *, mode: int) -> str:
    """Return the secret in a file, made at the first time."""
    if not file.exists():
        _write(file, text=secrets.token_hex(24), mode=mode)
    return file.read_text()


def _write(file: Path, *, text: str, mode: int) -> None:
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
