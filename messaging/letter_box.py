"""This bank's letter box: the topic that only it reads and every other bank may write. The head bank has one, too."""

from collections.abc import Mapping
from datetime import datetime

from access.site import Site, this_bank
from messaging import offsets
from messaging.broker import Broker, Topic
from messaging.events import DIRECTORY_TOPIC


def topic_of(*, code: str) -> str:
    """Return the name of a bank's letter box."""
    return f"external-transfers.{code}"


def create_own_topics(*, broker: Broker, bank: Site) -> list[Topic]:
    """Have the topics a bank owns, its letter box first; the head bank has the register, too. Raise BrokerError.

    A broker that lost everything has no topics either, so whoever comes first creates them again. The head bank's letter box has one
    partition: banks write to it without being told how many there are.
    """
    partitions = 1 if bank.is_head_bank else bank.letter_box_partitions
    topics = [Topic(name=topic_of(code=bank.code), partitions=partitions)]
    if bank.is_head_bank:
        topics.append(Topic(name=DIRECTORY_TOPIC, partitions=1, compacted=True))
    broker.create_topics(topics=topics)
    return topics


def prepare(*, broker: Broker, now: datetime, ends: Mapping[int, int] | None = None) -> bool:
    """Have the bank's own topics and stored offsets that fit its letter box's log; return whether the broker had lost it.

    A consumer says in `ends` how far it saw its partitions. Raises InRecovery, BrokerError.
    """
    letter_box, *_ = create_own_topics(broker=broker, bank=this_bank())
    return offsets.prepare(broker=broker, topic=letter_box.name, now=now, ends=ends)
