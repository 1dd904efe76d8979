"""Take a directory of banks from a file or from the head bank's site."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from access.commands import BankCommand
from messaging import directory
from messaging.head_bank_site import HeadBankSite


class Command(BankCommand):
    help = (
        "Take a directory that the head bank signed, as if it had come over the register's topic: from a file, "
        "or from the head bank's site (HEAD_BANK_URL) where none is named."
    )
    refused_by = (OSError,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?")

    def handle(self, *args: Any, **options: Any) -> None:
        file = options["file"]
        document = directory.unpack(file.read_bytes()) if file else HeadBankSite().fetch_directory()
        outcome = directory.take(document=document, now=timezone.now()).outcome
        self.stdout.write(outcome.value)
