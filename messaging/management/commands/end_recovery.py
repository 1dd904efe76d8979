"""End a recovery, by two persons."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access.errors import DomainError
from access.models import User
from messaging import services


class Command(BaseCommand):
    help = "Let a bank whose database went back read and publish again: the first person asks, a second one grants it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", required=True)
        parser.add_argument("--as", dest="user", required=True, metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            by = User.objects.get(username=options["user"])
            ended = services.end_recovery(by=by, reason=options["reason"], now=timezone.now())
        except (DomainError, User.DoesNotExist) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("ended" if ended else "asked: a second person must give the same command")
