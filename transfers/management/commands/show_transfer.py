"""Show one transfer with its story."""

import json
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from access.commands import BankCommand
from transfers import selectors


class Command(BankCommand):
    help = "Show a transfer and its story, found by this bank's id or by the id it has at the bank it came from."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("transfer", type=UUID, metavar="ID")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        entry = selectors.find(transfer_id=options["transfer"])
        if entry is None:
            raise CommandError(f"This bank knows no transfer {options['transfer']}.")
        document = selectors.as_document(entry)
        if options["json"]:
            self.stdout.write(json.dumps(document, indent=2))
            return
        for event in document.pop("events"):
            self.stdout.write(f"{event['at']}  {event['type']:18} {event['reason']}".rstrip())
        for name, value in document.items():
            self.stdout.write(f"{name:18} {'' if value is None else value}".rstrip())
