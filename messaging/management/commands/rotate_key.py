"""Replace a key of this bank."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access.site import this_bank
from messaging import services
from messaging.errors import KeyFileUnusable


class Command(BaseCommand):
    help = "Replace the key that signs tokens (TOKEN_KEY_FILE) and print its public half; what the old one signed counts until it is over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--use", choices=("tokens",), required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        file = this_bank().token_key_file
        if file is None:
            raise CommandError("No file is configured for this key.")
        try:
            self.stdout.write(services.rotate_own_key(use=options["use"], file=file, now=timezone.now()))
        except KeyFileUnusable as error:
            raise CommandError(str(error)) from error
