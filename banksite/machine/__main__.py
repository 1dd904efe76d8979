"""`python -m banksite.machine ensure WHAT...`: find or set up what this machine lacks."""

import argparse
import sys
from collections.abc import Callable

from banksite.machine.chromium import ensure_chromium
from banksite.machine.errors import MachineError
from banksite.machine.jars import ensure_kafka
from banksite.machine.postgres import ensure_postgres
from banksite.machine.progress import say
from banksite.machine.prometheus import ensure_prometheus
from banksite.machine.python import ensure_python

_PARTS: dict[str, Callable[[], object]] = {
    "python": lambda: ensure_python(requirements=("requirements.txt",)),
    "python-dev": lambda: ensure_python(requirements=("requirements.txt", "requirements-dev.txt")),
    "postgres": ensure_postgres,
    "kafka": ensure_kafka,
    "chromium": ensure_chromium,
    "prometheus": ensure_prometheus,
}


def main() -> int:
    """Set up the parts asked for; on a refusal print its one line and return 1."""
    parser = argparse.ArgumentParser(prog="python -m banksite.machine", description=__doc__)
    parser.add_argument("command", choices=["ensure"])
    parser.add_argument("parts", choices=_PARTS, nargs="+", metavar="WHAT", help=", ".join(_PARTS))
    for part in parser.parse_args().parts:
        try:
            _PARTS[part]()
        except MachineError as refusal:
            say(part, str(refusal))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
