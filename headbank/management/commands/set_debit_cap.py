"""Set how much a bank may owe."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access import selectors
from access.errors import DomainError
from headbank import services


class Command(BaseCommand):
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
        parser.add_argument("--reason", required=True)
        parser.add_argument("--as", dest="username", required=True, metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = services.ask_or_approve(
                action=services.SET_CAP,
                code=options["code"],
                facts={"currency": options["currency"], "cap_minor": options["cap_minor"]},
                by=selectors.user_named(options["username"]),
                reason=options["reason"],
                now=timezone.now(),
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write("done" if done else "asked: a second person must give the same command")
