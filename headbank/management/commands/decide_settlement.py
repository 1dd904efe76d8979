"""Decide about a settlement."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from headbank import services, settlements


class Command(BankCommand):
    help = "Book a settlement that is proposed, or refuse it, as the second person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("window", type=UUID)
        parser.add_argument("decision", choices=("book", "refuse"))
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        decide = services.approve_settlement if options["decision"] == "book" else services.refuse_settlement
        decide(
            approval_id=settlements.approval_of(window=options["window"]),
            by=selectors.user_named(options["username"]),
            reason=options["reason"],
            now=timezone.now(),
        )
        self.stderr.write("Done." if options["decision"] == "refuse" else "Booked here; every bank is told and confirms.")
