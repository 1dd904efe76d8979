"""This bank's letter box: the topic that only it reads and every other bank may write."""

from datetime import datetime

from access.site import this_bank
from messaging import offsets
from messaging.broker import Broker, Topic


def topic_of(*, code: str) -> str:
    """Return the name of a bank's letter box."""
    return f"external-transfers.{code}"


def prepare(*, broker: Broker, now: datetime) -> bool:
    """Have a letter box whose stored offsets fit the broker's log; return whether the broker had lost it; raise InRecovery, BrokerError.

    A broker that lost everything has no topics either, so whoever comes first creates it again.
    """
    topic = topic_of(code=this_bank().code)
    broker.create_topics(topics=[Topic(name=topic, partitions=this_bank().letter_box_partitions)])
    return offsets.prepare(broker=broker, topic=topic, now=now)
