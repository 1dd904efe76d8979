"""Add a key to a bank."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access import selectors
from access.errors import DomainError
from headbank import services


class Command(BaseCommand):
    help = "Let another public key speak for a bank of the register, beside those it has. Prints the key's id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("--key", required=True, type=Path, metavar="FILE", help="the bank's new public key (.pub)")
        parser.add_argument("--as", dest="username", default="system", metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            public_key = options["key"].read_text().strip()
            by = selectors.user_named(options["username"])
            key_id = services.add_bank_key(code=options["code"], public_key=public_key, by=by, now=timezone.now())
        except (DomainError, OSError, UnicodeDecodeError) as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stderr.write("Done. Now publish_directory.")
        self.stdout.write(key_id)
