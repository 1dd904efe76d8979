"""Close a day of the branch."""

import json
import sys
from dataclasses import asdict
from datetime import date
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from accounts.money import format_minor
from transfers.services import close_day

FOUND_DIFFERENCES = 3


class Command(BankCommand):
    help = "Close a day: its tills are closed, its books checked, its sums kept; again, show it. Exit with 3 when the books are not right."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--day", type=date.fromisoformat, metavar="YYYY-MM-DD", help="today unless named")
        add_person(parser, with_reason=False)
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        by = selectors.user_named(options["username"])
        shown = close_day(day=options["day"] or timezone.localdate(), by=by, now=timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps(asdict(shown), default=str, indent=2))
        else:
            self.stdout.write(f"{shown.day} was closed by {shown.closed_by}, with {len(shown.tills)} tills.")
            for total in shown.totals:
                amount = format_minor(total.amount_minor, total.currency)
                self.stdout.write(f"{total.kind:12}{total.status:18}{total.count:>8} {amount:>20} {total.currency}")
        if shown.differences:
            sys.exit(FOUND_DIFFERENCES)
