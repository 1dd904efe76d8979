"""This bank's letter box: the topic that only it reads and every other bank may write."""

from datetime import datetime

from access.site import Site, this_bank
from messaging import offsets
from messaging.broker import Broker, Topic
from messaging.events import DIRECTORY_TOPIC


def topic_of(*, code: str) -> str:
    """Return the name of a bank's letter box."""
    return f"external-transfers.{code}"


def create_own_topic(*, broker: Broker, bank: Site) -> Topic:
    """Have the one topic a bank owns: its letter box, or the register at the head bank; raise BrokerError.

    A broker that lost everything has no topics either, so whoever comes first creates them again.
    """
    if bank.is_head_bank:
        topic = Topic(name=DIRECTORY_TOPIC, partitions=1, compacted=True)
    else:
        topic = Topic(name=topic_of(code=bank.code), partitions=bank.letter_box_partitions)
    broker.create_topics(topics=[topic])
    return topic


def prepare(*, broker: Broker, now: datetime) -> bool:
    """Have a topic and, for a letter box, stored offsets that fit its log; return whether the broker had lost it.

    Raises InRecovery, BrokerError.
    """
    topic = create_own_topic(broker=broker, bank=this_bank())
    return not this_bank().is_head_bank and offsets.prepare(broker=broker, topic=topic.name, now=now)
