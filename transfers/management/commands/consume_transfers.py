"""Receive what other banks send."""

from typing import Any

from django.core.management.base import BaseCommand

from messaging import consumer
from messaging.checks import CONSUMER
from messaging.kafka import get_broker
from messaging.stop import stop_on_sigterm
from messaging.watching import watched
from transfers.handlers import HANDLERS


class Command(BaseCommand):
    help = "Receive transfers, decisions and the directory from other banks until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(tags=[CONSUMER], include_deployment_checks=True)
        with watched(stop_on_sigterm()) as stop:
            consumer.run(broker=get_broker(), handlers=HANDLERS, stop=stop)
