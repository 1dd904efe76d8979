"""Gather what the other banks say of the transfers between us, in a recovery."""

import json
import time
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from access.commands import BankCommand
from messaging.errors import BrokerError
from messaging.kafka import get_broker
from messaging.letter_reading import LetterReader
from transfers import services
from transfers.handlers import LISTED_HANDLER


class Command(BankCommand):
    help = (
        "In a recovery, ask every other bank for its signed list of the transfers between us, read the answers, and tell as JSON what "
        "they would change; end_recovery books it. The relay must run. Exits with 3 when lists are missing or something is unclear."
    )

    refused_by = (BrokerError,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--wait", type=int, default=60, metavar="S", help="give up after so many seconds (default 60)")

    def handle(self, *args: Any, **options: Any) -> None:
        reader, until = LetterReader(broker=get_broker(), handlers={"recovery.listed": LISTED_HANDLER}), time.monotonic() + options["wait"]
        try:
            missing = services.ask_for_lists(now=timezone.now())
            while missing and time.monotonic() < until:
                reader.turn(now=timezone.now())
                missing = services.standing().missing
            found = services.standing()
        finally:
            reader.close()
        self.stdout.write(json.dumps(asdict(found)))
        if found.missing or found.unclear:
            raise SystemExit(3)
