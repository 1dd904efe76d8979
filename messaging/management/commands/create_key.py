"""Create a key of this bank."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from access.commands import BankCommand
from access.site import this_bank
from messaging import services


class Command(BankCommand):
    help = "Have a key in the configured file (MESSAGE_KEY_FILE or TOKEN_KEY_FILE) and print its public half."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--use", choices=("messages", "tokens"), required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        bank = this_bank()
        file = bank.message_key_file if options["use"] == "messages" else bank.token_key_file
        if file is None:
            raise CommandError("No file is configured for this key.")
        self.stdout.write(services.ensure_own_key(use=options["use"], file=file, now=timezone.now()))
