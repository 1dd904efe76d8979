"""Fill this bank with samples."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access.errors import DomainError
from banksite.seeding import password_of, seed_demo, staff_of_site


class Command(BaseCommand):
    help = "Make sample staff and customers with money, to try things on; safe to repeat. Never at a bank that serves others (HTTPS=true)."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.HTTPS:
            raise CommandError("This bank serves others (HTTPS=true); everybody knows the sample staff's passwords.")
        try:
            seeded = seed_demo(now=timezone.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stderr.write(f"{seeded.staff} members of staff and {seeded.customers} customers are new.")
        for username, _, role in staff_of_site():
            self.stdout.write(f"{username}\t{password_of(username)}\t{role}")
