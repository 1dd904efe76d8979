"""Show this bank in figures."""

import json
from typing import Any

from django.core.management.base import CommandParser
from django.db import close_old_connections

from access.commands import BankCommand
from banksite import figures
from messaging.stop import stop_on_sigterm


class Command(BankCommand):
    help = (
        "Print transfers by outcome, the bank's own balances and what waits, as one line of JSON; with --every a new line at each change."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, metavar="S", help="look again every S seconds until SIGTERM")
        parser.add_argument("--customers", action="store_true", help="list the customers' accounts too")

    def handle(self, *args: Any, **options: Any) -> None:
        stop, last = stop_on_sigterm(), ""
        while True:
            document = figures.as_document()
            if options["customers"]:
                document["customer_accounts"] = figures.customer_accounts()
            if (line := json.dumps(document)) != last:
                self.stdout.write(line)
                self.stdout.flush()
                last = line
            if not options["every"] or stop.wait(options["every"]):
                return
            close_old_connections()
