"""Tell the whole story of one transfer."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from access.commands import BankCommand
from access.site import this_bank
from transfers import tracing


class Command(BankCommand):
    help = (
        "Tell everything this bank's database knows of a transfer, in the order of time: its states, postings, messages, dead letters, "
        "approvals and who did what. Found by this bank's id or by the one it has at the bank it came from: ask both banks."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("transfer", type=UUID, metavar="ID")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        document = tracing.trace(transfer_id=options["transfer"])
        if document is None:
            raise CommandError(f"{this_bank().code} knows no transfer {options['transfer']}.")
        if options["json"]:
            self.stdout.write(json.dumps({"bank": this_bank().code} | document, indent=2))
            return
        transfer = document["transfer"]
        self.stdout.write(f"{this_bank().code}: {transfer['kind']} {transfer['id']}, {transfer['status']} {transfer['reason']}".rstrip())
        self.stdout.write(f"named {transfer['origin_id']} at {transfer['origin_bank']}")
        for line in tracing.timeline(document):
            self.stdout.write(line)
