"""Let in the first administrators."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access.commands import BankCommand
from access.services import appoint_administrator


class Command(BankCommand):
    help = (
        "Let in an administrator of a bank that has fewer than two, and print the password, which is shown this once. Everybody else is "
        "let in by these two, on the desk."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--first-name", required=True)
        parser.add_argument("--last-name", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        said = {name: options[name] for name in ("username", "first_name", "last_name")}
        self.stdout.write(appoint_administrator(**said, now=timezone.now()))
