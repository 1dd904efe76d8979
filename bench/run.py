"""One run: servers of its own, every goal in turn, then the report."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from banksite.machine.errors import MachineError
from banksite.machine.kafka import KafkaServer
from banksite.machine.postgres import PostgresServer
from bench import report, scenarios
from bench.books import BooksWrong
from bench.pairs import Ratio
from bench.scenarios import Grounds
from bench.workers import WorkerError

PARTS: dict[str, Callable[[Grounds], Iterator[Ratio]]] = {
    "inside": scenarios.inside_one_bank,
    "http": scenarios.over_http,
    "between": scenarios.between_banks,
    "years": scenarios.over_the_years,
}
_DATABASES = ("inside", "programs", "pages", "origin", "destination", "old", "young")
_POSTGRESQL = {"max_wal_size": "8GB", "checkpoint_timeout": "30min", "shared_buffers": "512MB"}  # a checkpoint would befall one side only


def main() -> int:
    """Measure what is asked for; only a whole run is written to bench/latest.json."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these of {', '.join(PARTS)}")
    parts = parser.parse_args().parts
    if unknown := set(parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    begun = time.monotonic()
    try:
        ratios = _measure(parts or list(PARTS))
    except (MachineError, BooksWrong, WorkerError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    report.show(ratios)
    sys.stderr.write(f"bench: took {time.monotonic() - begun:.0f} s; the books of every bank are right\n")
    if not parts:
        report.write(ratios)
    return 0 if all(ratio.met for ratio in ratios) else 1


def _measure(parts: Sequence[str]) -> list[Ratio]:
    """Start the servers, with everything PostgreSQL does to be durable, and measure one part after the other."""
    with (
        _folder() as folder,
        PostgresServer(folder=folder / "postgres", settings=_POSTGRESQL) as postgres,
        KafkaServer(folder=folder / "kafka", lasting=True) as kafka,
    ):
        databases = {name: postgres.create_database(name) for name in _DATABASES}
        grounds = Grounds(databases=databases, kafka=kafka.bootstrap_servers, folder=folder)
        return [ratio for part in parts for ratio in PARTS[part](grounds)]


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder that is gone afterwards and that PostgreSQL's user may enter."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        Path(name).chmod(0o711)
        yield Path(name)
