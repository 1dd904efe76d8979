"""Receive what other banks send."""

from typing import Any

import headbank.handlers
import transfers.handlers
from access.commands import BankCommand
from access.site import this_bank
from messaging import consumer
from messaging.checks import CONSUMER
from messaging.kafka import get_broker
from messaging.stop import stop_on_sigterm
from messaging.watching import watched


class Command(BankCommand):
    help = "Receive what other banks send, and the directory, until SIGTERM; at the head bank what banks say about their keys."

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(tags=[CONSUMER], include_deployment_checks=True)
        handlers = headbank.handlers.HANDLERS if this_bank().is_head_bank else transfers.handlers.HANDLERS
        with watched(stop_on_sigterm()) as stop:
            consumer.run(broker=get_broker(), handlers=handlers, stop=stop)
