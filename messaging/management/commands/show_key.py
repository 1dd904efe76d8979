"""Show the public half of a key of this bank."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from access.commands import BankCommand
from messaging import selectors


class Command(BankCommand):
    help = "Print the public half of this bank's current key, for the head bank's register."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--use", choices=("messages", "tokens"), required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        public_key = selectors.own_public_key(use=options["use"])
        if public_key is None:
            raise CommandError("There is no such key; `create_key` makes one.")
        self.stdout.write(public_key)
