"""Invite a bank to apply."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from headbank import services


class Command(BankCommand):
    help = "Print a one-time code with which a bank may apply within a week (its apply_to_head_bank). It is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="the bank's code, four capital letters")
        add_person(parser, with_reason=False)

    def handle(self, *args: Any, **options: Any) -> None:
        by = selectors.user_named(options["username"])
        one_time_code = services.invite_bank(code=options["code"], by=by, now=timezone.now())
        self.stdout.write(one_time_code)
