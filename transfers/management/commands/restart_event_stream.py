"""Continue the event stream after a restore."""

from typing import Any

from django.utils import timezone

from access.commands import BankCommand
from access.retry import retrying
from transfers import services


class Command(BankCommand):
    help = (
        "After a restore, before the bank's processes start: let the ids of events go on beyond all that were ever told, and print the "
        "first. Safe to repeat; readers that know nothing of the lost time notice nothing. Example: restart_event_stream"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(str(retrying(lambda: services.restart_event_stream(now=timezone.now()))))
