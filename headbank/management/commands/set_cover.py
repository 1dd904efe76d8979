"""Set how much a bank can pay in settlements."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access import selectors
from access.errors import DomainError
from headbank import services


class Command(BaseCommand):
    help = (
        "Set how far below zero a bank's settlement account may go, in minor units: what settlement takes beyond it leaves the bank "
        "out. The first person asks, a second one grants."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("currency")
        parser.add_argument("cover_minor", type=int)
        parser.add_argument("--reason", required=True)
        parser.add_argument("--as", dest="username", required=True, metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = services.ask_or_approve(
                action=services.SET_COVER,
                code=options["code"],
                facts={"currency": options["currency"], "cover_minor": options["cover_minor"]},
                by=selectors.user_named(options["username"]),
                reason=options["reason"],
                now=timezone.now(),
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write("done" if done else "asked: a second person must give the same command")
