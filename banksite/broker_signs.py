"""What the broker says about this bank, for whoever may wait for its answer: `status`, never a page."""

from collections.abc import Iterator

from access.site import this_bank
from banksite.selectors import Sign
from messaging import offsets
from messaging.errors import BrokerError
from messaging.kafka import get_broker
from messaging.letter_box import topic_of

_LAG_AT_MOST = 10_000


def broker_signs() -> list[Sign]:
    """Return whether the broker answers, and how many records of the letter box wait to be read."""
    try:
        return list(_signs())
    except BrokerError as error:
        return [Sign(code="broker", is_red=True, detail=f"no answer: {error}")]


def _signs() -> Iterator[Sign]:
    broker = get_broker()
    yield Sign(code="broker", is_red=False, detail=f"cluster {broker.cluster_id()}")
    if this_bank().is_head_bank:
        return
    topic = topic_of(code=this_bank().code)
    bounds = broker.bounds(topic=topic)
    read = offsets.known(topic=topic)
    lag = sum(max(0, last - read.get(partition, first)) for partition, (first, last) in bounds.items())
    yield Sign(code="lag", is_red=lag > _LAG_AT_MOST, detail=f"{lag} records wait in {topic}" if bounds else f"no topic {topic} yet")
