"""`python -m bench`: measure every goal on this machine; exit 1 when one is missed or books are wrong."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PARTS = ("inside_one_bank", "between_banks", "over_the_years")
_DATABASES = ("inside", "origin", "destination", "old", "young")
_POSTGRESQL = {"max_wal_size": "8GB", "checkpoint_timeout": "30min", "shared_buffers": "512MB"}  # a checkpoint would befall one side only


def main() -> int:
    """Start the servers, measure, report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*_PARTS, []], metavar="PART", help=f"only these of {', '.join(_PARTS)}")
    wanted = parser.parse_args().parts or _PARTS
    _configure()
    from banksite.machine.errors import MachineError  # noqa: PLC0415  # see _configure
    from bench import report  # noqa: PLC0415
    from bench.books import BooksWrong  # noqa: PLC0415
    from bench.workers import WorkerError  # noqa: PLC0415

    begun = time.monotonic()
    try:
        ratios = _measure(wanted)
    except (MachineError, BooksWrong, WorkerError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    report.show(ratios)
    sys.stderr.write(f"bench: took {time.monotonic() - begun:.0f} s\n")
    if wanted == _PARTS:
        report.write(ratios)
    return 0 if all(ratio.met for ratio in ratios) else 1


def _measure(parts):
    from banksite.machine.kafka import KafkaServer  # noqa: PLC0415
    from banksite.machine.postgres import PostgresServer  # noqa: PLC0415
    from bench import scenarios  # noqa: PLC0415

    with (
        _folder() as folder,
        PostgresServer(folder=folder / "postgres", settings=_POSTGRESQL) as postgres,
        KafkaServer(folder=folder / "kafka") as kafka,
    ):
        databases = {database: postgres.create_database(database) for database in _DATABASES}
        grounds = scenarios.Grounds(databases=databases, kafka=kafka.bootstrap_servers, folder=folder)
        return [ratio for part in parts for ratio in getattr(scenarios, part)(grounds)]


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder that is gone afterwards and that PostgreSQL's user may enter."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def _configure() -> None:
    """Give Django something to load: nothing of the bench itself touches a database, only its workers do, each with its own."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="banksite.settings",
        ENV_FILE=os.devnull,
        SECRET_KEY="only-for-the-bench",
        BANK_CODE="BNCH",
        BANK_NAME="Bench",
        DATABASE_URL="sqlite://:memory:",
    )
    import django  # noqa: PLC0415

    django.setup()


if __name__ == "__main__":
    sys.exit(main())
