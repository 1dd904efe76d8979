"""Create the topics this bank owns."""

from typing import Any

from access.commands import BankCommand
from access.site import this_bank
from messaging import letter_box
from messaging.errors import BrokerError
from messaging.kafka import get_broker


class Command(BankCommand):
    help = "Create this bank's letter box and, at the head bank, the register of banks; topics that exist stay as they are."

    refused_by = (BrokerError,)

    def handle(self, *args: Any, **options: Any) -> None:
        for topic in letter_box.create_own_topics(broker=get_broker(), bank=this_bank()):
            self.stdout.write(topic.name)
