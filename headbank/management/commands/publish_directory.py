"""Publish the directory of banks."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from access import selectors
from access.commands import BankCommand
from access.site import this_bank
from headbank import services
from messaging import documents, signing


class Command(BankCommand):
    help = "Sign the register as it is here and now, for a file; a running relay does so by itself. Prints the version."
    refused_by = (OSError,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, metavar="FILE", help="write the signed document here too, for import_directory")
        parser.add_argument("--as", dest="username", default="system", metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        key_file = this_bank().message_key_file
        if key_file is None:
            raise CommandError("MESSAGE_KEY_FILE is not set; open_bank creates the key where it says.")
        key = signing.load_key_file(file=key_file)
        published = services.publish_directory(key=key, by=selectors.user_named(options["username"]), now=timezone.now())
        if options["out"]:
            options["out"].write_bytes(documents.pack(published.document))
        self.stderr.write("A new version." if published.is_new else "The register has not changed.")
        self.stdout.write(str(published.version))
