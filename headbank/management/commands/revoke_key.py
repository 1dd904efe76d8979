"""Revoke a bank's key."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access import selectors
from access.errors import DomainError
from headbank import services


class Command(BaseCommand):
    help = "End a key's word for its bank at once and for ever; the other banks are told within seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key_id")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--as", dest="username", required=True, metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            by = selectors.user_named(options["username"])
            services.revoke_key(key_id=options["key_id"], by=by, reason=options["reason"], now=timezone.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write("done")
