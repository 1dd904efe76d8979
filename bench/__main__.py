"""`python -m bench`: measure every goal on this machine; exit 1 when one is missed or books are wrong."""

import os
import sys


def main() -> int:
    """Give Django something to load, then measure: the bench itself touches no database, its workers do, each its own."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="banksite.settings",
        ENV_FILE=os.devnull,
        SECRET_KEY="only-for-the-bench",
        BANK_CODE="BNCH",
        BANK_NAME="Bench",
        DATABASE_URL="sqlite://:memory:",
    )
    import django  # noqa: PLC0415  # it reads the environment

    django.setup()
    from bench import run  # noqa: PLC0415  # its models need Django

    return run.main()


if __name__ == "__main__":  # workers import this module too
    sys.exit(main())
