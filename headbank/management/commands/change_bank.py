"""Approve, suspend, reactivate or close a bank."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import add_person
from headbank import services
from headbank.management.asking import AskingCommand

_ASKED = {"approve": services.APPROVE, "reactivate": services.REACTIVATE, "close": services.CLOSE}


class Command(AskingCommand):
    help = (
        "Suspend a bank of the register at once; approve, reactivate or close it (for good) by two persons, of whom the first asks "
        "and the second grants. The other banks are told within seconds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("deed", choices=["suspend", *_ASKED])
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["deed"] in _ASKED:
            self.ask(_ASKED[options["deed"]], facts={}, options=options)
            return
        by = selectors.user_named(options["username"])
        services.suspend_bank(code=options["code"], by=by, reason=options["reason"], now=timezone.now())
        self.stdout.write("done")
