"""Decide about a settlement."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access import selectors
from access.errors import DomainError
from headbank import services, settlements


class Command(BaseCommand):
    help = "Book a settlement that is proposed, or refuse it, as the second person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("window", type=UUID)
        parser.add_argument("decision", choices=("book", "refuse"))
        parser.add_argument("--reason", required=True)
        parser.add_argument("--as", dest="username", required=True, metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        decide = services.approve_settlement if options["decision"] == "book" else services.refuse_settlement
        try:
            decide(
                approval_id=settlements.approval_of(window=options["window"]),
                by=selectors.user_named(options["username"]),
                reason=options["reason"],
                now=timezone.now(),
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stderr.write("Done." if options["decision"] == "refuse" else "Booked here; every bank is told and confirms.")
