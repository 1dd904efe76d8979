"""`python -m tests.faults [NAME ...]`: plants every known fault in a copy of the project and demands that its test notices."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from banksite.machine.errors import MachineError
from banksite.machine.postgres import PostgresServer

CHECKOUT = Path(__file__).resolve().parents[1]
CATALOGUE = CHECKOUT / "docs" / "faults.toml"
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "staticfiles", "*.sqlite3", "node_modules")
_PASSED, _FAILED = 0, 1  # pytest's exit codes; any other means that no test was judged
_LIMIT_S = 600


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
        finally:
            file.write_text(sound)
        return {_PASSED: "SURVIVED", _FAILED: "caught"}.get(code, f"NOT JUDGED (pytest ended with {code})")

    def run(self, *tests: str, database: str = "") -> int:
        """Run tests in the copy and return pytest's exit code."""
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "DJANGO_SETTINGS_MODULE": "tests.settings"}
        if database:
            environment["DATABASE_URL"] = self._databases[database]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
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
        postgres = ""
        if any(fault.database for fault in faults):
            server = stack.enter_context(PostgresServer(folder=folder / "postgres", fsync=False))
            postgres = server.create_database("faults")
        workshop = Workshop(folder, postgres=postgres)
        if not _are_sound(faults, workshop):
            return 1
        verdicts = {}
        for place, fault in enumerate(faults, start=1):
            verdicts[fault.name] = workshop.verdict(fault)
            print(f"{place:3}/{len(faults)}  {verdicts[fault.name]:10}  {fault.name}", file=sys.stderr, flush=True)
    _show(faults, verdicts)
    return 0 if set(verdicts.values()) == {"caught"} else 1


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
