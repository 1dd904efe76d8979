"""Deliver webhooks."""

from typing import Any

from access.commands import BankCommand
from messaging.stop import stop_on_sigterm
from messaging.watching import watched
from webhooks import deliverer, services
from webhooks.courier import Courier


class Command(BankCommand):
    help = "Bring events to the programs that registered for them, until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        with watched(stop_on_sigterm()) as stop, Courier(policy=services.policy()) as courier:
            deliverer.run(carrier=courier, stop=stop)
