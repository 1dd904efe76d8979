"""The deliverer: queues what happened, sends what is due, notes what was answered, over and over."""

import logging
import os
import socket
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from threading import Event
from uuid import UUID, uuid4

from django.db import Error, close_old_connections
from django.utils import timezone

from access.database_clock import DatabaseClock
from access.database_errors import discard_connection, ends_connection
from access.retry import retrying, will_pass
from messaging import lease
from webhooks import selectors, services
from webhooks.courier import AT_ONCE, Carrier
from webhooks.rules import Answer
from webhooks.services import Parcel

logger = logging.getLogger(__name__)

PAUSE = timedelta(seconds=1)
IDLE_S = 0.2
LAST_WORDS_S = 3.0  # for answers under way at the end; what comes later is sent again
REPORT_EVERY = timedelta(seconds=60)


class Deliverer:
    """One process that delivers. No transaction is open while it waits for anybody's answer."""

    def __init__(self, *, carrier: Carrier, random: Random | None = None, holder: str = "") -> None:
        self._carrier = carrier
        self._random = random or Random()  # noqa: S311  # spreads repeats, guards no secret
        self._lease = lease.Holder(name=selectors.LEASE, holder=holder or f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}")
        self._under_way: dict[UUID, tuple[Parcel, Future[Answer]]] = {}
        self._not_before: datetime | None = None
        self._answered, self._taken, self._reported_at = 0, 0, timezone.now()

    def turn(self, *, now: datetime) -> int:
        """Do what there is to do and return how much that was; 0 when there is nothing, no lease, or trouble that was logged."""
        if self._not_before is not None and now < self._not_before <= now + PAUSE:  # further ahead: the clock was set back
            return 0
        try:
            noted = self._note(now)
            if not self._lease.take(now=now):
                self._not_before = now + PAUSE
                return noted
            return noted + services.fan_out(random=self._random, now=now) + self._send(now)
        except Error as error:
            if not will_pass(error):
                raise
            if ends_connection(error):
                discard_connection()
            logger.warning("webhooks.database-failed", extra={"error": type(error).__name__})
            self._not_before = now + PAUSE
        return 0

    def rest(self, *, stop: Event) -> None:
        """Wait a moment: for an answer where one is under way, else for the end."""
        under_way = [answer for _, answer in self._under_way.values()]
        if under_way:
            wait(under_way, timeout=IDLE_S, return_when=FIRST_COMPLETED)
        else:
            stop.wait(IDLE_S)

    def report(self, *, now: datetime) -> None:
        """Say now and then how much was delivered."""
        if self._answered and now - self._reported_at >= REPORT_EVERY:
            logger.info("webhooks.progress", extra={"attempts": self._answered, "taken": self._taken, "under_way": len(self._under_way)})
            self._answered, self._taken, self._reported_at = 0, 0, now

    def close(self) -> None:
        """Stop in order: note the answers that still come, let the next begin at once."""
        wait([answer for _, answer in self._under_way.values()], timeout=LAST_WORDS_S)
        with suppress(Error):  # what is not noted is sent again, and a lease ends by itself
            self._note(timezone.now())
            self._lease.release()

    def _note(self, now: datetime) -> int:
        """Write down the answers that came."""
        done = [(parcel, answer) for parcel, answer in self._under_way.values() if answer.done()]
        answers = [(parcel.delivery, parcel.endpoint, answer.result()) for parcel, answer in done]
        retrying(lambda: services.note_answers(answers=answers, random=self._random, now=now))
        for parcel, _ in done:
            del self._under_way[parcel.delivery]
        self._answered += len(answers)
        self._taken += sum(answer.is_taken for *_, answer in answers)
        return len(done)

    def _send(self, now: datetime) -> int:
        """Hand over what is due, as far as there is room."""
        under_way = {id_: parcel.endpoint for id_, (parcel, _) in self._under_way.items()}
        parcels = services.take_due(under_way=under_way, room=AT_ONCE - len(under_way), random=self._random, now=now)
        for parcel in parcels:
            self._under_way[parcel.delivery] = (parcel, self._carrier.send(parcel))
        return len(parcels)


def run(*, carrier: Carrier, stop: Event) -> None:
    """Deliver until told to stop."""
    deliverer, clock = Deliverer(carrier=carrier), DatabaseClock()
    try:
        while not stop.is_set():
            close_old_connections()
            if not deliverer.turn(now=clock.now()):
                deliverer.rest(stop=stop)
            deliverer.report(now=clock.now())
    finally:
        deliverer.close()
