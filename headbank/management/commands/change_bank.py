"""Approve, suspend, reactivate or close a bank."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from headbank import services

_ASKED = {"approve": services.APPROVE, "reactivate": services.REACTIVATE, "close": services.CLOSE}


class Command(BankCommand):
    help = (
        "Suspend a bank of the register at once; approve, reactivate or close it (for good) by two persons, of whom the first asks "
        "and the second grants. The other banks are told within seconds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("deed", choices=["suspend", *_ASKED])
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        said = {"code": options["code"], "reason": options["reason"], "now": timezone.now()}
        by = selectors.user_named(options["username"])
        if options["deed"] == "suspend":
            services.suspend_bank(by=by, **said)
            done = True
        else:
            done = services.ask_or_approve(action=_ASKED[options["deed"]], facts={}, by=by, **said)
        self.say_whether(done)
