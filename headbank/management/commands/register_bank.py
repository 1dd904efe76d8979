"""Register a bank."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand
from headbank import services


class Command(BankCommand):
    help = "Add a bank and its public key to the register of this head bank; safe to repeat."
    refused_by = (OSError, UnicodeDecodeError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--code", required=True, help="four capital letters")
        parser.add_argument("--name", required=True)
        parser.add_argument("--key", required=True, type=Path, metavar="FILE", help="the bank's public key (.pub)")
        parser.add_argument("--partitions", required=True, type=int, help="partitions of its letter box")
        parser.add_argument("--as", dest="username", default="system", metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        public_key = options["key"].read_text().strip()
        is_new = services.register_bank(
            code=options["code"],
            name=options["name"],
            public_key=public_key,
            partitions=options["partitions"],
            by=selectors.user_named(options["username"]),
            now=timezone.now(),
        )
        self.stderr.write(f"{options['code']} is registered." if is_new else f"{options['code']} was registered before.")
