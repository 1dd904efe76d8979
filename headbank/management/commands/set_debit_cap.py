"""Set how much a bank may owe."""

from argparse import ArgumentParser
from typing import Any

from access.commands import add_person
from headbank import services
from headbank.management.asking import AskingCommand


class Command(AskingCommand):
    help = (
        "Set how much a bank may owe all others together in a currency, in minor units: above it the bank sends nothing until it "
        "has settled. The first person asks, a second one grants."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("currency")
        cap = parser.add_mutually_exclusive_group(required=True)
        cap.add_argument("cap_minor", nargs="?", type=int)
        cap.add_argument("--none", action="store_true", help="take the cap away")
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.ask(services.SET_CAP, facts={name: options[name] for name in ("currency", "cap_minor")}, options=options)
