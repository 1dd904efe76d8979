"""Set how much a bank can pay in settlements."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from headbank import services


class Command(BankCommand):
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
        done = services.ask_or_approve(
            action=services.SET_COVER,
            code=options["code"],
            facts={"currency": options["currency"], "cover_minor": options["cover_minor"]},
            by=selectors.user_named(options["username"]),
            reason=options["reason"],
            now=timezone.now(),
        )
        self.say_whether(done)
