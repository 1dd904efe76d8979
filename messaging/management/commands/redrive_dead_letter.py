"""Decide on a dead letter, by two persons."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from messaging import services


class Command(BankCommand):
    help = "Let the consumer try a dead letter again, or discard it: the first person asks, a second one grants it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("letter", type=int)
        parser.add_argument("--discard", action="store_true", help="never look at it again instead")
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        decide = services.discard_dead_letter if options["discard"] else services.redrive_dead_letter
        by = selectors.user_named(options["username"])
        granted = decide(letter_id=options["letter"], by=by, reason=options["reason"], now=timezone.now())
        self.say_whether(granted)
