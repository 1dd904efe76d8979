"""Set how much a bank can pay in settlements."""

from argparse import ArgumentParser
from typing import Any

from access.commands import add_person
from headbank import services
from headbank.management.asking import AskingCommand


class Command(AskingCommand):
    help = (
        "Set how far below zero a bank's settlement account may go, in minor units: what settlement takes beyond it leaves the bank "
        "out. The first person asks, a second one grants."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("currency")
        parser.add_argument("cover_minor", type=int)
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.ask(services.SET_COVER, facts={name: options[name] for name in ("currency", "cover_minor")}, options=options)
