"""Add a key to a bank by hand."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from access.errors import DomainError
from headbank import services


class Command(BankCommand):
    help = (
        "Let another public key speak for a bank beside those it has, when it cannot announce it itself (rotate_key): "
        "the first person asks, a second one grants."
    )
    refused_by = (DomainError, OSError, UnicodeDecodeError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("--key", required=True, type=Path, metavar="FILE", help="the bank's new public key (.pub)")
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        facts = {"public_key": options["key"].read_text().strip()}
        done = services.ask_or_approve(
            action=services.ADD_KEY,
            code=options["code"],
            facts=facts,
            by=selectors.user_named(options["username"]),
            reason=options["reason"],
            now=timezone.now(),
        )
        self.say_whether(done)
