"""Tidy up."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access.commands import BankCommand
from banksite import housekeeping
from messaging.stop import stop_on_sigterm
from messaging.watching import watched


class Command(BankCommand):
    help = "End holds and questions whose time has come and delete what is over; once, or every so often until SIGTERM. Safe to run twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["every"] is not None:
            with watched(stop_on_sigterm()) as stop:
                housekeeping.tidy_until(stop=stop, every_s=max(0.1, options["every"]))
            return
        for name, done in housekeeping.tidy(now=timezone.now()).items():
            self.stdout.write(f"{name}\t{done}")
