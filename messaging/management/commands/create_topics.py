"""Create the topics this bank owns."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from access.site import this_bank
from messaging import letter_box
from messaging.errors import BrokerError
from messaging.kafka import get_broker


class Command(BaseCommand):
    help = "Create this bank's letter box and, at the head bank, the register of banks; topics that exist stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            topics = letter_box.create_own_topics(broker=get_broker(), bank=this_bank())
        except BrokerError as error:
            raise CommandError(f"The broker did not create it: {error}") from error
        for topic in topics:
            self.stdout.write(topic.name)
