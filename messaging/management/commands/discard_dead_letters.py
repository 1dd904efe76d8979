"""List the dead letters by group, or discard one group."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

import access.selectors
from access.commands import BankCommand, add_person
from messaging import selectors, services

_UNSIGNED = "unsigned"


class Command(BankCommand):
    help = (
        "Discard the open dead letters of one reason and sender. Those that no bank signed go at once; for those that a bank signed the "
        "first person asks and a second one grants. `discard_dead_letters --list` shows the groups. "
        "Example: discard_dead_letters signature-wrong unsigned --reason WHY --as sam"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("group", nargs="?", help="the reason of the dead letters, such as signature-wrong")
        parser.add_argument("sender", nargs="?", help=f"the bank that signed them, or {_UNSIGNED}")
        parser.add_argument("--list", action="store_true", help="show the groups and discard nothing")
        add_person(parser, is_required=False)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            for group in selectors.dead_letter_groups():
                self.stdout.write(f"{group.count:>7}  {group.sender or _UNSIGNED:<11}  {group.reason}")
            return
        if not all(options[name] for name in ("group", "sender", "reason", "username")):
            raise CommandError("Name the group and its sender, --reason and --as; --list shows the groups.")
        sender = "" if options["sender"] == _UNSIGNED else options["sender"]
        by = access.selectors.user_named(options["username"])
        done = services.discard_dead_letters(group=options["group"], sender=sender, by=by, reason=options["reason"], now=timezone.now())
        self.say_whether(done is not None)
