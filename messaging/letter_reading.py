"""Reading the letter box beside the consumer, for messages that count while a recovery stops it; no offset moves."""

import logging
from datetime import datetime

from django.db import transaction

from access.retry import will_pass
from access.site import this_bank
from messaging import letter_box, selectors, verifying
from messaging.broker import Broker, Record
from messaging.directory_reader import DirectoryReader
from messaging.errors import Unreadable
from messaging.handling import Handlers

logger = logging.getLogger(__name__)


class LetterReader:
    """Reads the first partition of this bank's letter box from its beginning and handles what `handlers` know; all else is left alone."""

    def __init__(self, *, broker: Broker, handlers: Handlers) -> None:
        self._handlers = handlers
        self._directory = DirectoryReader(broker=broker)
        self._letters = broker.reader(topic=letter_box.topic_of(code=this_bank().code))

    def turn(self, *, now: datetime) -> None:
        """Handle what came since the last turn, each message in a transaction of its own; raises BrokerError."""
        if self._directory.refresh(now=now):
            for record in self._letters.poll(limit=100, timeout_s=0.5):
                self._handle(record, now)

    def close(self) -> None:
        """Let go of the broker."""
        self._directory.close()
        self._letters.close()

    def _handle(self, record: Record, now: datetime) -> None:
        keys = selectors.keys(key_ids=[verifying.key_id_of(record=record)])
        try:
            handler, received = verifying.read(record=record, keys=keys, handlers=self._handlers)
        except Unreadable:
            return  # the consumer judges it when it reads on
        try:
            with transaction.atomic():
                handler.handle(received=[received], now=now)
        except Exception as error:
            if will_pass(error):
                raise
            logger.exception("letters.handler-failed")  # those behind it count; the consumer gives it its tries
