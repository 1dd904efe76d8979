"""Close a settlement window."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access import selectors
from access.errors import DomainError
from headbank import services


class Command(BaseCommand):
    help = "Close the settlement window of this moment: every bank is asked what it owes the others. Prints the window's id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as", dest="username", required=True, metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            window = services.close_window(by=selectors.user_named(options["username"]), now=timezone.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stderr.write("The banks are asked; show_settlement says how far it is. Then a second person decides with decide_settlement.")
        self.stdout.write(str(window))
