#!/usr/bin/env python
"""`make_secrets.py DATABASE KAFKA`: make one bank's secrets where they are missing; what exists stays as it is."""

import os
import secrets
import sys
from pathlib import Path

from make_password import kept, write


def main() -> None:
    """Write a password into each of the two folders, and the file that ENV_FILE names, which its processes read."""
    database, kafka = Path(sys.argv[1]), Path(sys.argv[2])
    code, env_file = os.environ["BANK_CODE"], Path(os.environ["ENV_FILE"])
    database_password = kept(database / "password", mode=0o444)  # read by PostgreSQL's own user
    kafka_password = kept(kafka / "password", mode=0o400)
    if env_file.exists():
        return
    lines = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": f"postgresql://bank:{database_password}@{code.lower()}-database:5432/bank",
        "KAFKA_SASL_PASSWORD": kafka_password,
    }
    write(env_file, text="".join(f"{name}={value}\n" for name, value in lines.items()), mode=0o600)


if __name__ == "__main__":
    main()
