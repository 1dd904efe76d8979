"""Revoke a bank's key."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from headbank import services


class Command(BankCommand):
    help = (
        "End a key's word for its bank at once and for ever, and that of every key announced under it, which it names; "
        "the other banks are told within seconds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key_id")
        parser.add_argument("--dry-run", action="store_true", help="say which keys would end with it, change nothing")
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        by = selectors.user_named(options["username"])
        dry_run = options["dry_run"]
        ended = services.revoke_key(key_id=options["key_id"], by=by, reason=options["reason"], now=timezone.now(), dry_run=dry_run)
        for key_id in ended.with_it:
            self.stdout.write(f"with it: {key_id}")
        self.stdout.write("nothing was changed" if dry_run else "done")
