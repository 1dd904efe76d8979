"""`python -m banksite.demo`: a head bank and three banks at work, until Ctrl-C."""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from banksite.demo import state
from banksite.demo.banks import CHECKOUT, banks_of
from banksite.demo.interruption import Interruption
from banksite.demo.screen import Screen
from banksite.demo.show import Show
from banksite.machine.errors import MachineError
from banksite.machine.ports import is_free
from banksite.machine.processes import wait_until

_FOLDER = CHECKOUT / ".demo"
_LEAVING_S = 5.0  # what a killed demo left needs a moment to give its ports back


def main() -> int:
    """Run the demo as asked; print every failure as one line."""
    options = _parser().parse_args()
    screen = Screen(record=options.picture is not None)
    interruption = Interruption()
    interruption.listen()
    try:
        with state.held(options.state):
            if options.fresh:
                state.forget(options.state)
                screen.step("Databases, keys and broker are forgotten.")
                return 0
            return _show(options, screen, interruption)
    except MachineError as refusal:
        screen.failure(str(refusal))
        return 1
    except KeyboardInterrupt:
        return 1 if options.check else 0


def _show(options: argparse.Namespace, screen: Screen, interruption: Interruption) -> int:
    folder = options.state / ("real" if options.kafka else "embedded")
    banks = banks_of(folder=folder, first_port=options.port)
    for bank in banks:
        bank.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not wait_until(partial(is_free, port=bank.port), limit_s=_LEAVING_S):
            remedy = "stop what listens there, or choose the first of four others in a row, such as ARGS='--port 9000'"
            raise MachineError(problem=f"port {bank.port}, which {bank.name} needs, is taken", remedy=remedy)
    show = Show(folder=folder, banks=banks, screen=screen, interruption=interruption, real_parts=options.kafka, picture=options.picture)
    return show.run(goes_on=not options.check)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m banksite.demo", description="A head bank and three banks at work on this machine.")
    parser.add_argument(
        "--kafka", action="store_true", help="on PostgreSQL and Apache Kafka instead of SQLite and a broker inside this process"
    )
    parser.add_argument("--check", action="store_true", help="verify what happened and exit with 0 or 1 instead of going on")
    parser.add_argument("--fresh", action="store_true", help="forget databases, keys and broker, and exit")
    port = int(os.environ.get("DEMO_PORT", "8000"))
    parser.add_argument("--port", type=int, default=port, help="the first of four ports in a row (default %(default)s, or DEMO_PORT)")
    parser.add_argument("--state", type=Path, default=_FOLDER, metavar="FOLDER", help="where everything is kept (default .demo)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="save what was shown as an SVG picture")
    return parser


if __name__ == "__main__":
    sys.exit(main())
