"""Open this bank."""

from typing import Any

from django.utils import timezone

from access.commands import BankCommand
from access.site import this_bank
from banksite.opening import open_bank


class Command(BankCommand):
    help = "Make what this bank needs before it serves anyone: roles, the user system, its own accounts, missing keys. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        keys = open_bank(now=timezone.now())
        for use, public_key in keys.items():
            self.stderr.write(f"public key for {use}: {public_key}")
        self.stderr.write(f"{this_bank().name} ({this_bank().code}) is open.")
