"""Open this bank."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access.errors import DomainError
from access.site import this_bank
from banksite.opening import open_bank


class Command(BaseCommand):
    help = "Make what this bank needs before it serves anyone: roles, the user system, its own accounts, missing keys. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            keys = open_bank(now=timezone.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        for use, public_key in keys.items():
            self.stderr.write(f"public key for {use}: {public_key}")
        self.stderr.write(f"{this_bank().name} ({this_bank().code}) is open.")
