"""Fill this bank with samples."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from access.commands import BankCommand
from banksite.seeding import password_of, seed_demo, staff_of_site


class Command(BankCommand):
    help = "Make sample staff and customers with money, to try things on; safe to repeat. Never at a bank that serves others (HTTPS=true)."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.HTTPS:
            raise CommandError("This bank serves others (HTTPS=true); everybody knows the sample staff's passwords.")
        seeded = seed_demo(now=timezone.now())
        self.stderr.write(f"{seeded.staff} members of staff and {seeded.customers} customers are new.")
        for username, _, role in staff_of_site():
            self.stdout.write(f"{username}\t{password_of(username)}\t{role}")
