"""`python -m tests.faults [NAME ...]`: plants every known fault in a copy of the project and demands that its test notices."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from banksite.machine.errors import MachineError
from banksite.machine.postgres import PostgresServer

CHECKOUT = Path(__file__).resolve().parents[1]
CATALOGUE = CHECKOUT / "docs" / "faults.toml"
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "staticfiles", "*.sqlite3", "node_modules")
_PASSED, _FAILED = 0, 1  # pytest's exit codes; any other means that no test was judged
_LIMIT_S = 300
_WORKERS = 2


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way to break a promise: `old` becomes `new` in `file`, and `test` must notice."""

    name: str
    rule: str
    file: str
    old: str
    new: str
    test: str
    database: str = ""

    def planted(self, text: str) -> str:
        """Return the file with the fault in it."""
        assert text.count(self.old) == 1, f"{self.name}: the old text is there {text.count(self.old)} times in {self.file}"
        return text.replace(self.old, self.new)


def catalogue() -> list[Fault]:
    """Return every fault of docs/faults.toml."""
    return [Fault(**entry) for entry in tomllib.loads(CATALOGUE.read_text())["fault"]]


class Workshop:
    """A copy of the project in which faults are planted, and the databases its tests need."""

    def __init__(self, folder: Path, *, postgres: str) -> None:
        self._copy, self._databases = folder / "project", {"postgresql": postgres}
        shutil.copytree(CHECKOUT, self._copy, ignore=_LEFT_OUT)

    def verdict(self, fault: Fault) -> str:
        """Plant the fault, run its test, take the fault out; return what became of it."""
        file = self._copy / fault.file
        sound = file.read_text()
        file.write_text(fault.planted(sound))
        try:
            code = self.run(fault.test, database=fault.database)
        except subprocess.TimeoutExpired:
            return f"NOT JUDGED (no end after {_LIMIT_S} s)"
        finally:
            file.write_text(sound)
        return {_PASSED: "SURVIVED", _FAILED: "caught"}.get(code, f"NOT JUDGED (pytest ended with {code})")

    def run(self, *tests: str, database: str = "") -> int:
        """Run tests in the copy and return pytest's exit code."""
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "DJANGO_SETTINGS_MODULE": "tests.settings"}
        if database:
            environment["DATABASE_URL"] = self._databases[database]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--hypothesis-profile", "planted", *tests]
        with (self._copy.parent / "output.txt").open("w") as output:
            done = subprocess.run(command, cwd=self._copy, env=environment, stdout=output, stderr=output, timeout=_LIMIT_S, check=False)
        return done.returncode

    def last_lines(self) -> str:
        """Return the end of what the last run said."""
        return "\n".join((self._copy.parent / "output.txt").read_text().splitlines()[-25:])


def main(names: Sequence[str]) -> int:
    """Try every fault, or those whose name holds one of `names`; return 1 when one survives or a test fails without any."""
    faults = [fault for fault in catalogue() if not names or any(name in fault.name for name in names)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="faults-")))
        workshops = _open_workshops(stack, folder, with_postgres=any(fault.database for fault in faults))
        if not _are_sound(faults, workshops[0]):
            return 1
        verdicts = {}
        for place, (name, verdict) in enumerate(_judged(faults, workshops), start=1):
            verdicts[name] = verdict
            print(f"{place:3}/{len(faults)}  {verdict:10}  {name}", file=sys.stderr, flush=True)
    _show(faults, verdicts)
    return 0 if set(verdicts.values()) == {"caught"} else 1


def _open_workshops(stack: ExitStack, folder: Path, *, with_postgres: bool) -> list[Workshop]:
    """Return as many workshops as there is work done at once, each with its own copy and database."""
    databases = [""] * _WORKERS
    if with_postgres:
        server = stack.enter_context(PostgresServer(folder=folder / "postgres", fsync=False))
        databases = [server.create_database(f"faults{number}") for number in range(_WORKERS)]
    return [Workshop(folder / f"workshop{number}", postgres=database) for number, database in enumerate(databases)]


def _judged(faults: Sequence[Fault], workshops: Sequence[Workshop]) -> Iterator[tuple[str, str]]:
    """Yield the name of each fault and what became of it, in their order; each workshop has one fault at a time."""
    free = SimpleQueue[Workshop]()
    for workshop in workshops:
        free.put(workshop)

    def judge(fault: Fault) -> tuple[str, str]:
        workshop = free.get()
        try:
            return fault.name, workshop.verdict(fault)
        finally:
            free.put(workshop)

    with ThreadPoolExecutor(max_workers=len(workshops)) as pool:
        yield from pool.map(judge, faults)


def _are_sound(faults: Sequence[Fault], workshop: Workshop) -> bool:
    """Return whether every test passes as long as no fault is planted: a test that always fails notices nothing."""
    for database in sorted({fault.database for fault in faults}):
        tests = sorted({fault.test for fault in faults if fault.database == database})
        print(f"{len(tests)} tests without a fault on {database or 'sqlite'} ...", file=sys.stderr, flush=True)
        if workshop.run(*tests, database=database) != _PASSED:
            print(workshop.last_lines(), file=sys.stderr)
            return False
    return True


def _show(faults: Sequence[Fault], verdicts: dict[str, str]) -> None:
    width = max(len(fault.name) for fault in faults)
    for fault in faults:
        print(f"{verdicts[fault.name]:10}  {fault.name:{width}}  {fault.test.rpartition('::')[2]}")
    caught = sum(verdict == "caught" for verdict in verdicts.values())
    print(f"{caught} of {len(faults)} faults caught")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except MachineError as refusal:
        sys.exit(str(refusal))
