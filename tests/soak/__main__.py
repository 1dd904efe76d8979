"""`python -m tests.soak [PART ...]`: long runs that search for faults nobody planted.

chaos      banks on real PostgreSQL and Kafka pay each other while servers, networks and clocks fail
records    strangers write records of every kind to a bank's topic, on the embedded broker and on Kafka
simulator  the protocol simulator lives through more days than `make test` has time for
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from banksite.machine.errors import MachineError
from banksite.machine.jars import ensure_kafka

CHECKOUT = Path(__file__).resolve().parents[2]
_SIMULATED = 2_000  # days a run of tests/protocol lives through


def chaos(options: argparse.Namespace) -> list[str]:
    """Run the chaos; return its violations."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django  # noqa: PLC0415  # after the settings are named

    django.setup()
    from tests.soak.chaos import run  # noqa: PLC0415  # needs the models

    folder = Path(mkdtemp(prefix="soak-"))
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own
    return run(folder=folder, seed=options.seed, transfers=options.transfers, faults=options.faults)


def records(options: argparse.Namespace) -> list[str]:
    """Write as many strange records as asked, from the seed on, to either broker; return what stopped a consumer."""
    ensure_kafka()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/attacks/test_hostile_records.py"]
    asked = [f"--records={options.records}", f"--record-seed={options.seed}"]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run([*command, "-k", "TestRecordsOfEveryKind", *asked], cwd=CHECKOUT, env=environment, check=False)
    return [f"of {options.records} records from seed {options.seed} one stopped a consumer, or another was lost"] if done.returncode else []


def simulator(options: argparse.Namespace) -> list[str]:
    """Run the protocol simulator on as many days as asked, from the seed on; return what failed."""
    failed = []
    for first in range(options.seed, options.seed + options.days, _SIMULATED):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/protocol/test_simulator.py"]
        done = subprocess.run([*command, "-k", "TestADay", f"--first-seed={first}"], cwd=CHECKOUT, check=False)
        if done.returncode:
            failed.append(f"the simulator found a violation within the {_SIMULATED} days from seed {first}")
    return failed


PARTS: dict[str, Callable[[argparse.Namespace], list[str]]] = {"chaos": chaos, "records": records, "simulator": simulator}


def main() -> int:
    """Run the parts asked for, all by default; print what was violated; return 0 when nothing was."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: make soak ARGS='chaos --seed 7'\nexit codes: 0 nothing found, 1 violations, 2 usage",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="parts to run, all when none is named: " + ", ".join(PARTS))
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000, help="repeats a run as far as time allows")
    parser.add_argument("--transfers", type=int, default=2_000, help="chaos: transfers between banks (2000)")
    parser.add_argument("--faults", type=int, default=44, help="chaos: faults to cause (44: each kind twice)")
    parser.add_argument("--records", type=int, default=20_000, help="records: strange records to write (20000)")
    parser.add_argument("--days", type=int, default=20_000, help="simulator: days to live through (20000)")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    failed = 0
    for name in options.parts or PARTS:
        print(f"=== {name} (seed {options.seed})", flush=True)
        try:
            violations = PARTS[name](options)
        except MachineError as refusal:
            violations = [str(refusal)]
        print("\n".join(violations) or "nothing found", flush=True)
        failed += bool(violations)
    print(f"{len(options.parts or PARTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
