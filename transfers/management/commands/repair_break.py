"""Ask for the repair of a difference with another bank."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access import selectors
from access.errors import DomainError
from transfers import services


class Command(BaseCommand):
    help = "Ask a second person to repair a difference that reconcile_banks found, by an adjustment or by asking the other bank again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("difference", type=int, metavar="ID")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--as", dest="username", required=True, metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            by = selectors.user_named(options["username"])
            services.ask_repair(break_id=options["difference"], by=by, reason=options["reason"], now=timezone.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stderr.write("Asked; nothing is booked until a second person agrees.")
