"""End a recovery, by two persons."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand
from transfers import services


class Command(BankCommand):
    help = (
        "Let a bank whose database went back read and publish again: the first person asks, a second one grants it. "
        "What the other banks' lists teach (gather_lists) is booked with it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", required=True)
        parser.add_argument("--as", dest="user", required=True, metavar="USER")
        parser.add_argument("--without-lists", action="store_true", help="although banks have not told what became of the transfers")

    def handle(self, *args: Any, **options: Any) -> None:
        by = selectors.user_named(options["user"])
        without = options["without_lists"]
        ended = services.end_recovery(by=by, reason=options["reason"], without_lists=without, now=timezone.now())
        self.say_whether(ended)
