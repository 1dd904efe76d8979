"""The relay: publishes what the outbox holds, signed, as often as it takes."""

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from threading import Event

from django.db import Error, close_old_connections

from access import meters
from access.database_clock import DatabaseClock
from access.database_errors import discard_connection, ends_connection
from access.plans import planned_anew
from access.retry import retrying, took_too_long, will_pass
from access.site import this_bank
from messaging import directory, lease, letter_box, outbox, selectors
from messaging.broker import Broker, Outgoing, Producer
from messaging.errors import BrokerError, InRecovery, KeyFileUnusable
from messaging.events import DIRECTORY_TOPIC
from messaging.key_rotation import Rotation, finish_retired
from messaging.rules import resend_after_s
from messaging.signing import KEY_ID, SIGNATURE, Domain, SigningKey, load_key_file
from messaging.worker_state import WorkerState, process_name

logger = logging.getLogger(__name__)

BATCH = 200
RECOVERY = "recovery."  # the kind of messages a bank may send before two persons end its recovery
CHECK_EVERY = timedelta(seconds=10)
DIRECTORY_EVERY = timedelta(seconds=60)
PAUSE = timedelta(seconds=1)
UNREACHABLE_FOR = timedelta(seconds=5)
IDLE_S = 0.1


class Relay:
    """One relay process. Each `turn` publishes one batch; no transaction is open while the broker is spoken to."""

    def __init__(self, *, broker: Broker, random: Random | None = None, holder: str = "") -> None:
        self._broker = broker
        self._random = random or Random()  # noqa: S311  # spreads repeats, guards no secret
        name = holder or process_name("relay")
        self._lease, self._state = lease.Holder(name="relay", holder=name), WorkerState(job="relay", worker=name)
        self._producer: Producer | None = None
        self._key: tuple[int, SigningKey] | None = None
        self._rotation = Rotation()
        self._cluster_id = ""
        self._checked_at: datetime | None = None
        self._directory: tuple[int, datetime] | None = None
        self._directory_failed = False
        self._avoided: dict[str, datetime] = {}
        self._not_before: datetime | None = None

    def turn(self, *, now: datetime) -> int:
        """Publish the next batch and return how many records it had; 0 when there is nothing, no lease, or trouble that was logged."""
        if self._not_before is not None and now < self._not_before <= now + PAUSE:  # further ahead: the clock was set back
            return 0
        try:
            if not self._lease.take(now=now):
                self._let_go()
                self._not_before = now + PAUSE
                return 0
            recovering = selectors.in_recovery()
            self._connect(now, recovering=recovering)
            with planned_anew():
                published = 0 if recovering else self._publish_directory(now)
                published += self._publish_due(now, kind=RECOVERY if recovering else "")
            self._state.succeed()
        except InRecovery:
            self._let_go()
            self._not_before = now + PAUSE
        except BrokerError as error:
            meters.RELAY_TROUBLE.labels("broker").inc()
            logger.warning("relay.broker-failed", extra={"error": str(error), "topics": sorted(error.topics)})
            self._avoided |= dict.fromkeys(error.topics, now + UNREACHABLE_FOR)
            self._let_go()
            self._not_before = None if error.topics else now + PAUSE
            if not error.topics:  # a topic of another bank that cannot be written to stops nothing else
                self._state.fail(why=str(error), now=now)
        except Error as error:
            if not will_pass(error) and not took_too_long(error):
                raise
            if ends_connection(error):
                discard_connection()
            meters.RELAY_TROUBLE.labels("database").inc()
            self._not_before = now + PAUSE
            self._state.fail(why=type(error).__name__, now=now)
        else:
            return published
        return 0

    def close(self) -> None:
        """Stop in order: another relay may begin at once."""
        self._let_go()
        with suppress(Error):  # a lease ends by itself
            self._lease.release()

    def _let_go(self) -> None:
        """Forget the producer: what it left half done is fenced or published again by the next."""
        if self._producer is not None:
            self._producer.close()
        self._producer = self._checked_at = None

    def _connect(self, now: datetime, *, recovering: bool) -> None:
        """Have a producer, and look from time to time whether broker and database still belong together; in a recovery they do not."""
        if not recovering and (self._checked_at is None or now - self._checked_at >= CHECK_EVERY):
            self._check(now)
            self._checked_at = now
        self._rotation.follow(file=self._key_file(), now=now)
        if self._producer is None:
            self._producer = self._broker.producer(name=f"relay-{this_bank().code}")

    def _check(self, now: datetime) -> None:
        letter_box.prepare(broker=self._broker, now=now)
        cluster_id = self._broker.cluster_id()
        if cluster_id != self._cluster_id:
            self._cluster_id, self._directory = cluster_id, None
        finish_retired(now=now)

    def _publish_directory(self, now: datetime) -> int:
        """Publish the head bank's current directory when it is new, the broker is new, or a minute has passed.

        After it failed the next turn goes without it: the broker may refuse the directory for ever and take all else.
        """
        if not this_bank().is_head_bank:
            return 0
        version = selectors.directory_version()
        if version == 0 or (self._directory is not None and self._directory[0] == version and now - self._directory[1] < DIRECTORY_EVERY):
            return 0
        if self._directory_failed:
            self._directory_failed = False
            return 0
        self._directory_failed = True
        document = directory.signed(key=self._signing_key())
        assert document is not None, "there is a version, and no row of it is ever deleted"
        headers = ((SIGNATURE, document.signature), (KEY_ID, document.key_id.encode()))
        self._publish([Outgoing(topic=DIRECTORY_TOPIC, partition=0, value=document.value, headers=headers, key=b"directory")])
        self._directory, self._directory_failed = (version, now), False
        meters.PUBLISHED.labels("directory").inc()
        return 1

    def _publish_due(self, now: datetime, *, kind: str = "") -> int:
        """Publish one batch of the outbox and mark it; a crash between the two publishes it again."""
        messages = outbox.due(now=now, limit=BATCH, kind=kind)
        if not messages:
            return 0
        topics = self._topics(messages, now)
        reachable = [message for message in messages if message.destination in topics]
        if len(reachable) < len(messages):
            unreachable = [message for message in messages if message.destination not in topics]
            outbox.postpone(messages=unreachable, until=now + UNREACHABLE_FOR)
        if not reachable:
            return 0
        key = self._signing_key()
        self._publish(
            [
                Outgoing(
                    topic=topics[message.destination],
                    partition=message.partition,
                    value=message.value,
                    headers=key.headers(domain=Domain.MESSAGE, value=message.value),
                )
                for message in reachable
            ]
        )
        for message in reachable:
            meters.PUBLISHED.labels(message.sort).inc()
        logger.info("relay.published", extra={"message_ids": [str(message.id) for message in reachable]})
        again_at = {message: self._again_at(message, now) for message in reachable}
        retrying(lambda: outbox.mark_published(messages=again_at, now=now))
        return len(reachable)

    def _topics(self, messages: list[outbox.Due], now: datetime) -> dict[str, str]:
        """Return the letter boxes of those destinations that can be written to now."""
        peers = selectors.peers(codes={message.destination for message in messages})
        head_bank = this_bank().head_bank_code
        topics = {head_bank: letter_box.topic_of(code=head_bank)} | {peer.code: peer.topic for peer in peers.values()}
        return {code: topic for code, topic in topics.items() if self._avoided.get(topic, now) <= now}

    def _publish(self, records: list[Outgoing]) -> None:
        assert self._producer is not None, "connected at the beginning of the turn"
        self._producer.publish(records=records)

    def _again_at(self, message: outbox.Due, now: datetime) -> datetime:
        bank = this_bank()
        pause_s = resend_after_s(
            attempts=message.attempts + 1, first_s=bank.resend_first_s, longest_s=bank.resend_max_s, chance=self._random.random()
        )
        return now + timedelta(seconds=pause_s)

    def _signing_key(self) -> SigningKey:
        """Return the current key, read again when its file has changed."""
        file = self._key_file()
        changed = _changed_at(file)
        if self._key is None or self._key[0] != changed:
            self._key = (changed, load_key_file(file=file))
        return self._key[1]

    def _key_file(self) -> Path:
        file = this_bank().message_key_file
        if file is None:
            raise KeyFileUnusable(file="MESSAGE_KEY_FILE", why="is not set")
        return file


def _changed_at(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError as error:
        raise KeyFileUnusable(file=str(file), why=error.strerror) from error


def run(*, broker: Broker, stop: Event) -> None:
    """Publish until told to stop; raises KeyFileUnusable, because without a key there is nothing a relay could do."""
    relay, clock = Relay(broker=broker), DatabaseClock()
    try:
        while not stop.is_set():
            close_old_connections()
            if not relay.turn(now=clock.now()):
                stop.wait(IDLE_S)
    finally:
        relay.close()
