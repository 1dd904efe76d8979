"""Invite a bank to apply."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access import selectors
from access.errors import DomainError
from headbank import services


class Command(BaseCommand):
    help = "Print a one-time code with which a bank may apply within a week (its apply_to_head_bank). It is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="the bank's code, four capital letters")
        parser.add_argument("--as", dest="username", required=True, metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            by = selectors.user_named(options["username"])
            one_time_code = services.invite_bank(code=options["code"], by=by, now=timezone.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(one_time_code)
