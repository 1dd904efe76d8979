"""Revoke a bank's key."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from headbank import services


class Command(BankCommand):
    help = "End a key's word for its bank at once and for ever; the other banks are told within seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key_id")
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        by = selectors.user_named(options["username"])
        services.revoke_key(key_id=options["key_id"], by=by, reason=options["reason"], now=timezone.now())
        self.stdout.write("done")
