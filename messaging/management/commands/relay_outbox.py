"""Run the relay."""

from typing import Any

from access.commands import BankCommand
from messaging import relay
from messaging.checks import RELAY
from messaging.kafka import get_broker
from messaging.stop import stop_on_sigterm
from messaging.watching import watched


class Command(BankCommand):
    help = "Publish the outbox, signed, until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(tags=[RELAY], include_deployment_checks=True)
        with watched(stop_on_sigterm()) as stop:
            relay.run(broker=get_broker(), stop=stop)
