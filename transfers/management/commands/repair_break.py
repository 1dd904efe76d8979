"""Ask for the repair of a difference with another bank."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from transfers import services


class Command(BankCommand):
    help = "Ask a second person to repair a difference that reconcile_banks found, by an adjustment or by asking the other bank again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("difference", type=int, metavar="ID")
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        by = selectors.user_named(options["username"])
        services.ask_repair(break_id=options["difference"], by=by, reason=options["reason"], now=timezone.now())
        self.stderr.write("Asked; nothing is booked until a second person agrees.")
