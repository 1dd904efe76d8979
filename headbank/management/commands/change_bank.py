"""Suspend, reactivate or close a bank."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access import selectors
from access.errors import DomainError
from headbank import services

_DEEDS = {"suspend": services.suspend_bank, "reactivate": services.reactivate_bank, "close": services.close_bank}


class Command(BaseCommand):
    help = "Suspend, reactivate or close (for good) a bank of the register; the other banks learn it from the next directory."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("deed", choices=sorted(_DEEDS))
        parser.add_argument("--reason", required=True)
        parser.add_argument("--as", dest="username", default="system", metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            by = selectors.user_named(options["username"])
            _DEEDS[options["deed"]](code=options["code"], by=by, reason=options["reason"], now=timezone.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stderr.write("Done. Now publish_directory.")
