"""Take a directory of banks from a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access.errors import DomainError
from messaging import directory


class Command(BaseCommand):
    help = "Take a directory that the head bank signed from a file, as if it had come over the register's topic."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = directory.take(document=directory.unpack(options["file"].read_bytes()), now=timezone.now())
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(outcome.value)
