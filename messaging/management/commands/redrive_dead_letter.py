"""Decide on a dead letter, by two persons."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access.errors import DomainError
from access.models import User
from messaging import services


class Command(BaseCommand):
    help = "Let the consumer try a dead letter again, or discard it: the first person asks, a second one grants it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("letter", type=int)
        parser.add_argument("--discard", action="store_true", help="never look at it again instead")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--as", dest="user", required=True, metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        decide = services.discard_dead_letter if options["discard"] else services.redrive_dead_letter
        try:
            by = User.objects.get(username=options["user"])
            granted = decide(letter_id=options["letter"], by=by, reason=options["reason"], now=timezone.now())
        except (DomainError, User.DoesNotExist) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("granted" if granted else "asked: a second person must give the same command")
