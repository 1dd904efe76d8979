"""The consumer: lets every message of the letter box have its effect, together with the offset that says so."""

import logging
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from threading import Event

from django.db import close_old_connections, transaction

from access import meters
from access.database_clock import DatabaseClock
from access.database_errors import discard_connection, ends_connection
from access.plans import planned_anew
from access.retry import took_too_long, will_pass
from access.site import this_bank
from messaging import batches, dead_letters, letter_box, offsets, redriving, selectors
from messaging.batches import Batch
from messaging.broker import Broker, Record
from messaging.broker import Consumer as Client
from messaging.dead_letters import Fault
from messaging.directory_reader import DirectoryReader
from messaging.errors import BrokerError, InRecovery, Unreadable
from messaging.handling import Handlers
from messaging.worker_state import WorkerState, process_name

logger = logging.getLogger(__name__)

FETCH = 500  # records
TRIES = 10  # of a record whose handler fails for a reason of its own
CHECK_EVERY = timedelta(seconds=10)
PAUSE = timedelta(seconds=0.2)
LONGEST_PAUSE = timedelta(seconds=5)
SLOW_FOR = timedelta(minutes=10)  # as long as one record alone may take too long before that is the record's own fault
STANDBY_AFTER = timedelta(seconds=30)  # by then a member that was given no partitions is a reserve
POLL_S = 0.5
IDLE_S = 0.05


class Consumer:
    """One consumer process. Each `turn` handles one batch of records completely, or changes nothing and tries less of it next time."""

    _now: datetime

    def __init__(self, *, broker: Broker, handlers: Handlers) -> None:
        self._broker, self._handlers = broker, handlers
        self._topic = letter_box.topic_of(code=this_bank().code)
        self._directory = DirectoryReader(broker=broker)
        self._client: Client | None = None
        self._checked_at: datetime | None = None
        self._positions: dict[int, int] = {}
        self._pending: deque[Record] = deque()
        self._limit = FETCH
        self._wary = True  # count tries: the last process may have died of the first record
        self._tries: int | None = None  # once counted: a transient failure must not count again
        self._state = WorkerState(job="consumer", worker=process_name("consumer"))
        self._last_error = ""
        self._slow_since: datetime | None = None
        self._connected_at: datetime | None = None
        self._not_before: datetime | None = None

    def turn(self, *, now: datetime, clock: Callable[[], datetime] | None = None) -> int:
        """Handle the next batch and return how many records it settled; 0 when there is nothing, or trouble that was logged.

        What records cause is dated by `clock`, asked after they were fetched: an answer is not older than the payment it answers.
        """
        if self._not_before is not None and now < self._not_before <= now + LONGEST_PAUSE:  # further ahead: the clock was set back
            return 0
        self._now = now
        try:
            with planned_anew():
                return self._handle_next(now, clock or (lambda: now)) if self._connect(now) else 0
        except offsets.Moved:
            self._let_go()
        except InRecovery:
            self._let_go()
            self._pause(now, "recovery")
        except BrokerError as error:
            self._let_go()
            self._pause(now, str(error))
        except Exception as error:
            if ends_connection(error):
                discard_connection()
            if will_pass(error) or (took_too_long(error) and not self._is_too_slow(now)):  # never counted against a record
                self._limit = max(1, self._limit // 2)
            else:  # a bug in a handler: ten counted tries, then a dead letter, so that the others go on
                logger.exception("consumer.handler-failed")
                self._limit, self._wary, self._tries, self._last_error = 1, True, None, repr(error)
            self._pause(now, type(error).__name__)
        return 0

    def close(self) -> None:
        """Stop in order: what was not handled is read again."""
        self._let_go()

    def _let_go(self) -> None:
        """Forget clients and records: all that counts is stored."""
        if self._client is not None:
            self._client.close()
        self._directory.close()
        for gauge in (meters.LAG, meters.NEXT_OFFSET):
            gauge.clear()  # known no longer
        self._client = self._checked_at = None
        self._positions.clear()
        self._pending.clear()
        self._limit, self._wary, self._tries = FETCH, True, None

    def _pause(self, now: datetime, why: str) -> None:
        meters.CONSUMER_TROUBLE.inc()
        self._state.fail(why=why, now=now)
        self._not_before = now + min(LONGEST_PAUSE, PAUSE * 2 ** min(self._state.failures - 1, 10))

    def _is_too_slow(self, now: datetime) -> bool:
        """Return whether a record alone has taken too long for minutes: a database that is slow for a while is no fault of the record."""
        if self._limit > 1:
            return False
        self._slow_since = self._slow_since or now
        return now - self._slow_since > SLOW_FOR

    def _is_idle(self, now: datetime) -> bool:
        """Return whether nothing waits for this consumer; that a poll returned nothing may only say that a record cannot be had."""
        assert self._client is not None, "connected at the beginning of the turn"
        if not self._positions:
            return self._connected_at is not None and now - self._connected_at >= STANDBY_AFTER
        ends = self._client.ends()
        return all(ends.get(partition, -1) >= offset for partition, offset in self._positions.items())

    def _connect(self, now: datetime) -> bool:
        """Have a client and a directory, outside recovery; look from time to time whether broker and database still belong together."""
        if selectors.in_recovery():
            raise InRecovery(detail="two persons have not ended it")
        if not self._directory.refresh(now=now):
            return False
        if self._checked_at is None or now - self._checked_at >= CHECK_EVERY:
            if letter_box.prepare(broker=self._broker, now=now, ends=self._ends()) or self._is_elsewhere():
                raise offsets.Moved
            self._checked_at = now
            redriving.redrive(handlers=self._handlers, now=now)
        if self._client is None:
            self._client = self._broker.consumer(topic=self._topic, group=self._topic, positions=self._assigned)
            self._connected_at = now
        return True

    def _ends(self) -> dict[int, int]:
        """Return how far each of our partitions was seen to be empty, 0 where its end was not reached."""
        seen = self._client.ends() if self._client is not None else {}
        return {partition: seen.get(partition, 0) for partition in self._positions}

    def _is_elsewhere(self) -> bool:
        """Return whether somebody stored other offsets than ours: a replay, which an idle consumer has to notice, too."""
        if self._client is not None and (lost := self._positions.keys() - set(self._client.assigned())):
            for partition in lost:  # the group gave it to another consumer, which moves it from now on
                del self._positions[partition]
            self._pending = deque(record for record in self._pending if record.partition not in lost)
            self._tries = None
        return offsets.stored(topic=self._topic, partitions=self._positions) != self._positions

    def _assigned(self, partitions: Collection[int]) -> Mapping[int, int]:
        """Start partitions where the database says; a broker that lost everything has to assign anew, so this is where that shows."""
        letter_box.prepare(broker=self._broker, now=self._now)
        stored = offsets.stored(topic=self._topic, partitions=partitions)
        self._positions |= stored
        return stored

    def _handle_next(self, now: datetime, clock: Callable[[], datetime]) -> int:
        """Handle the records at hand, or fetch some."""
        if not self._pending:
            self._pending.extend(self._poll())
        records = list(islice(self._pending, self._limit))
        if not records:
            if self._is_idle(now):
                self._state.succeed()
            return 0
        if not self._may_try(records):
            self._limit = 1
            return 0
        if (self._tries or 0) > TRIES:
            batch = batches.give_up(records=records, detail=self._last_error or "the process ended while handling it")
        else:
            batch = batches.cut(records=records, handlers=self._handlers)
        self._commit(batch, clock())
        return self._settle(batch)

    def _may_try(self, records: Sequence[Record]) -> bool:
        """Count a try before it where an earlier one may have failed; return False when fewer records are to be tried."""
        if self._wary and self._tries is None:
            self._tries = offsets.count_try(topic=self._topic, expected=self._expected(records), alone=len(records) == 1) or None
            return self._tries is not None
        return True

    def _poll(self) -> list[Record]:
        assert self._client is not None, "connected at the beginning of the turn"
        try:
            return self._client.poll(limit=FETCH, timeout_s=POLL_S)
        except Exception:
            self._let_go()  # whatever failed while partitions were assigned left the client half ready
            raise

    def _expected(self, records: Sequence[Record]) -> dict[int, int]:
        """Return the offsets that must be stored; raise Moved when a record is before them, because then the log is another one."""
        known = self._positions
        if any(record.partition not in known or record.offset < known[record.partition] for record in records):
            raise offsets.Moved
        return {record.partition: self._positions[record.partition] for record in records}

    def _commit(self, batch: Batch, now: datetime) -> None:
        """Let the batch have its effect: one transaction for each type of message, offsets in the last, never before their effects."""
        expected = self._expected(batch.records)
        for handler, received in batch.work[:-1]:
            with transaction.atomic(durable=True):
                offsets.lock(topic=self._topic, expected=expected)
                handler.handle(received=received, now=now)
        with transaction.atomic(durable=True):
            rows = offsets.lock(topic=self._topic, expected=expected)
            for handler, received in batch.work[-1:]:
                handler.handle(received=received, now=now)
            dead_letters.record_all(letters=[_dead_letter(record, error) for record, error in batch.unreadable], now=now)
            offsets.advance(rows=rows, offsets=batch.offsets, now=now)

    def _settle(self, batch: Batch) -> int:
        """Remember that the batch is done, tell the broker, and dare more next time."""
        for _ in batch.records:
            self._pending.popleft()
        self._positions |= batch.offsets
        self._limit = min(FETCH, self._limit * 2)
        self._wary, self._tries = self._wary and self._limit < FETCH, None
        self._last_error, self._not_before, self._slow_since = "", None, None
        self._state.succeed()
        meters.HANDLED.inc(len(batch.records))
        logger.info("consumer.settled", extra={"message_ids": batch.message_ids, "unreadable": len(batch.unreadable)})
        assert self._client is not None, "connected at the beginning of the turn"
        self._client.commit(offsets=batch.offsets)
        return len(batch.records)


def _dead_letter(record: Record, error: Unreadable) -> tuple[Record, Fault]:
    return replace(record, signed_by=error.signed_by), Fault(reason=error.reason, detail=error.detail)


def run(*, broker: Broker, handlers: Handlers, stop: Event) -> None:
    """Receive until told to stop."""
    consumer, clock = Consumer(broker=broker, handlers=handlers), DatabaseClock()
    try:
        while not stop.is_set():
            close_old_connections()
            if not consumer.turn(now=clock.now(), clock=clock.now):
                stop.wait(IDLE_S)
    finally:
        consumer.close()
