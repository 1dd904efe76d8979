"""Add a key to a bank by hand."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from access.commands import add_person
from headbank import services
from headbank.management.asking import AskingCommand


class Command(AskingCommand):
    help = (
        "Let another public key speak for a bank beside those it has, when it cannot announce it itself (rotate_key): "
        "the first person asks, a second one grants."
    )
    refused_by = (OSError, UnicodeDecodeError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("--key", required=True, type=Path, metavar="FILE", help="the bank's new public key (.pub)")
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        facts = {"public_key": options["key"].read_text().strip()}
        self.ask(services.ADD_KEY, facts=facts, options=options)
