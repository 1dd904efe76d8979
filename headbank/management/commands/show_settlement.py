"""Show settlements."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from access.commands import BankCommand
from headbank import settlements


class Command(BankCommand):
    help = "List the settlement windows, or show one: what each bank pays or gets, pair by pair, and who was left out and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("window", nargs="?", type=UUID)
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print one JSON document")
        form.add_argument("--csv", action="store_true", help="print CSV")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["window"] is None:
            for window in settlements.windows():
                self.stdout.write(f"{window.id}  {window.cut_off_at:%Y-%m-%d %H:%M:%S}  {window.status}")
            return
        shown = settlements.report(window=options["window"])
        if options["json"]:
            self.stdout.write(json.dumps(settlements.as_document(shown), indent=2))
        else:
            self.stderr.write("" if options["csv"] else f"{shown.window.status}, cut-off {shown.window.cut_off_at:%Y-%m-%d %H:%M:%S}")
            self.stdout.write(settlements.as_csv(shown), ending="")
