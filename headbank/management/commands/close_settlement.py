"""Close a settlement window."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from headbank import services


class Command(BankCommand):
    help = "Close the settlement window of this moment: every bank is asked what it owes the others. Prints the window's id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_person(parser, with_reason=False)

    def handle(self, *args: Any, **options: Any) -> None:
        window = services.close_window(by=selectors.user_named(options["username"]), now=timezone.now())
        self.stderr.write("The banks are asked; show_settlement says how far it is. Then a second person decides with decide_settlement.")
        self.stdout.write(str(window))
