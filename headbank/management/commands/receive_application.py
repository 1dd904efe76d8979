"""Take a bank's application from a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from access.commands import BankCommand
from headbank import services
from headbank.errors import ApplicationRefused
from messaging import documents


class Command(BankCommand):
    help = (
        "Take the application that a bank wrote to a file (apply_to_head_bank --out), as if it had come over HTTP. Prints the bank's code."
    )

    refused_by = (OSError,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            document = documents.unpack(options["file"].read_bytes())
            code = services.receive_application(document=document, now=timezone.now())
        except ValueError as error:
            raise ApplicationRefused(why=f"this is not the file of an application ({error})") from error
        self.stdout.write(code)
