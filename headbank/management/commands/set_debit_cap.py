"""Set how much a bank may owe."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from headbank import services


class Command(BankCommand):
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
        done = services.ask_or_approve(
            action=services.SET_CAP,
            code=options["code"],
            facts={"currency": options["currency"], "cap_minor": options["cap_minor"]},
            by=selectors.user_named(options["username"]),
            reason=options["reason"],
            now=timezone.now(),
        )
        self.say_whether(done)
