"""Reading the register of banks from its beginning, at every start, without a group or a stored offset."""

from datetime import datetime

from django.db import transaction

from access import meters
from access.site import this_bank
from messaging import dead_letters, directory, selectors
from messaging.broker import Broker, Reader, Record
from messaging.errors import DirectoryRefused
from messaging.events import DIRECTORY_TOPIC
from messaging.verifying import document_of


class DirectoryReader:
    """Follows the register for a consumer."""

    def __init__(self, *, broker: Broker) -> None:
        self._broker = broker
        self._reader: Reader | None = None
        self._newest = 0

    def refresh(self, *, now: datetime) -> bool:
        """Take what is new and return whether this bank knows all there is to know: before that, unknown keys mean nothing.

        The head bank goes by what it announced itself.
        """
        if this_bank().is_head_bank:
            return selectors.directory_version() > 0
        if self._reader is None:
            self._reader, self._newest = self._broker.reader(topic=DIRECTORY_TOPIC), 0
        for record in self._reader.poll(limit=100, timeout_s=0 if self._reader.caught_up() else 0.5):
            self._take(record, now)
        return self._reader.caught_up() and selectors.directory_version() > 0

    def close(self) -> None:
        """Let go of the broker."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None

    def _take(self, record: Record, now: datetime) -> None:
        """Go by a version of the register, pass over those before it, and keep what pretends to be one or comes behind a newer one."""
        if record.reason:
            with transaction.atomic():
                dead_letters.bury(record=record, reason=record.reason, detail=record.detail, now=now)
            return
        try:
            judged = directory.take(document=document_of(record=record), now=now, after=self._newest)
            self._newest = judged.version
            if judged.outcome is not directory.Outcome.OLDER:
                meters.DIRECTORY_HEARD.set(now.timestamp())
        except DirectoryRefused as refusal:
            with transaction.atomic():
                dead_letters.bury(record=record, reason=refusal.code, detail=refusal.detail, now=now)
