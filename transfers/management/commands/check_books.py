"""Check the books of this bank."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from access.commands import BankCommand
from access.progress import shown
from transfers import books, selectors

FOUND_DIFFERENCES = 3


class Command(BankCommand):
    help = "Work out every balance, place, hold and posting anew, name every difference, and exit with 3 when there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        with shown(title="transfers", total=selectors.count()) as report:
            found = list(books.differences(progress=report))
        if options["json"]:
            self.stdout.write(json.dumps({"differences": [asdict(difference) for difference in found]}, indent=2))
        for difference in found if not options["json"] else ():
            self.stdout.write(f"{difference.check}: {difference.subject}: expected {difference.expected}, found {difference.found}")
        if found:
            sys.exit(FOUND_DIFFERENCES)
        if not options["json"]:
            self.stdout.write("The books are right.")
