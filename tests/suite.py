"""`python -m tests.suite [--only PART ...]`: everything `make test` proves, part by part, with the time each took."""

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from banksite.machine.chromium import ensure_chromium
from banksite.machine.errors import MachineError
from banksite.machine.jars import ensure_kafka
from banksite.machine.nginx import ensure_nginx
from banksite.machine.pgbouncer import ensure_pgbouncer
from banksite.machine.postgres import PostgresServer, ensure_postgres
from banksite.machine.prometheus import ensure_prometheus

CHECKOUT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent
WORKERS = "2"
REAL = "kafka or browser or demo"
SLOWEST = ("--durations=15", "--durations-min=3")  # where to look first when a part takes long


@dataclass
class Run:
    """One run of the suite: where it keeps its things, and what it has seen so far."""

    folder: Path
    passed: int = 0
    failed: int = 0
    broken: list[str] = field(default_factory=list)
    times: list[tuple[str, float]] = field(default_factory=list)

    def part(self, name: str, work: Callable[[], bool]) -> None:
        """Do one part, and remember how it ended and what it took."""
        print(f"\n=== {name}", flush=True)
        begun = time.monotonic()
        if not work():
            self.broken.append(name)
        self.times.append((name, time.monotonic() - begun))

    def command(self, *words: str | Path, database: str = "") -> bool:
        """Run a program of the environment; return whether it was content."""
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"} | ({"DATABASE_URL": database} if database else {})
        program = PROGRAMS / words[0]
        return subprocess.run([program, *words[1:]], cwd=CHECKOUT, env=environment, check=False).returncode == 0

    def tests(self, *words: str, database: str = "") -> bool:
        """Run pytest and count; a part that selects no test has failed (pytest's exit code 5)."""
        report = self.folder / f"{len(self.times)}.xml"
        content = self.command("pytest", "-q", "-p", "no:cacheprovider", *SLOWEST, f"--junitxml={report}", *words, database=database)
        if report.exists():
            suites = ET.parse(report).getroot().iter("testsuite")
            for suite in suites:
                bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
                self.passed += int(suite.get("tests", 0)) - bad - int(suite.get("skipped", 0))
                self.failed += bad
                content = content and int(suite.get("skipped", 0)) == 0  # a test that is not wanted here is deselected, never skipped
        return content


def static(run: Run) -> bool:
    """Check format, lint, types, import contracts, migrations and Django's own checks: all of them, whatever the first says."""
    checks: Sequence[Sequence[str | Path]] = (
        ("ruff", "format", "--check", "--quiet", "."),
        ("ruff", "check", "--quiet", "."),
        ("mypy",),
        ("lint-imports", "--no-cache"),
        ("python", "manage.py", "makemigrations", "--check", "--dry-run"),
        ("python", "manage.py", "check"),
    )
    return all([run.command(*check) for check in checks])  # noqa: C419  # a list: run every one, then judge


def ensure_servers() -> bool:
    """Set up what the tests need and the machine lacks."""
    ensure_postgres()
    ensure_kafka()
    ensure_chromium()
    ensure_nginx()
    ensure_pgbouncer()
    ensure_prometheus()
    return True


def prove(run: Run, only: Sequence[str]) -> None:
    """Do all parts, or only those asked for."""
    if set(only) == {"static"}:
        run.part("static", lambda: static(run))
        return
    run.part("set-up", ensure_servers)
    postgres = PostgresServer(folder=run.folder / "postgres", fsync=False, settings={"max_connections": "200"})
    with postgres:
        database = postgres.create_database("tests")
        parts: dict[str, Callable[[], bool]] = {
            "static": lambda: static(run),
            "postgresql": lambda: run.tests("-n", WORKERS, "--dist=worksteal", "-m", f"not ({REAL})", database=database),
            "sqlite": lambda: run.tests("-n", WORKERS, "--dist=worksteal", "-m", f"money and not postgres and not ({REAL})"),
            "kafka": lambda: run.tests("-m", "kafka", database=database),
            "browser": lambda: run.tests("-m", "browser", database=database),
            "demo": lambda: run.tests("-m", "demo"),
        }
        for name, work in parts.items():
            if not only or name in only:
                run.part(name, work)


def main() -> int:
    """Prove it all; print the times and the count last, and return 0 when every part was content."""
    parser = argparse.ArgumentParser(prog="python -m tests.suite", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="PART", help="static, postgresql, sqlite, kafka, browser, demo")
    only = parser.parse_args().only
    with TemporaryDirectory(prefix="suite-") as folder:
        run = Run(folder=Path(folder))
        try:
            prove(run, only)
        except MachineError as refusal:
            print(refusal, file=sys.stderr)
            run.broken.append("set-up")
    print("\n" + "\n".join(f"{name:12}{taken:7.1f} s" for name, taken in run.times), flush=True)
    if run.broken:
        print(f"not content: {', '.join(run.broken)}")
    print(f"{run.passed} passed, {run.failed + (1 if run.broken and not run.failed else 0)} failed", flush=True)
    return 1 if run.broken else 0


if __name__ == "__main__":
    sys.exit(main())
