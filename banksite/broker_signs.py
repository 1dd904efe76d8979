"""What the broker says about this bank, for a caller that may wait for its answer: `status`, never a page."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from access.site import this_bank
from banksite.machine.processes import wait_until
from banksite.selectors import Sign
from messaging import offsets
from messaging.broker import Broker
from messaging.errors import BrokerError
from messaging.kafka import get_broker
from messaging.letter_box import topic_of

_LAG_AT_MOST = 10_000
_STILL_AFTER = timedelta(seconds=60)
_LOOK_S = 3.0  # a record that came a second ago is read by then


def broker_signs(*, now: datetime) -> list[Sign]:
    """Return whether the broker answers, how many records of the inbound topic wait, and whether the consumer reads them."""
    try:
        return list(_signs(get_broker(), topic_of(code=this_bank().code), now))
    except BrokerError as error:
        return [Sign(code="broker", is_red=True, detail=f"no answer: {error}")]


def _signs(broker: Broker, topic: str, now: datetime) -> Iterator[Sign]:
    yield Sign(code="broker", is_red=False, detail=f"cluster {broker.cluster_id()}")
    bounds = broker.bounds(topic=topic)
    read = offsets.known(topic=topic)
    lag = sum(max(0, last - read.get(partition, first)) for partition, (first, last) in bounds.items())
    yield Sign(code="lag", is_red=lag > _LAG_AT_MOST, detail=f"{lag} records wait in {topic}" if bounds else f"no topic {topic} yet")
    still = standstills(broker=broker, topic=topic, now=now)
    places = ", ".join(f"partition {partition} at offset {offset}" for partition, offset in sorted(still.items()))
    said = f"stands still while records wait: {places}; its log says why, skip_record passes one record" if still else "reads what comes"
    yield Sign(code="consumer", is_red=bool(still), detail=said)


def standstills(*, broker: Broker, topic: str, now: datetime) -> dict[int, int]:
    """Return the next offset of each partition from which nothing was read for a minute although something waits there.

    Looks again for a few seconds where something waits, because it may only just have come. Raises BrokerError.
    """
    unmoved = offsets.unmoved(topic=topic, since=now - _STILL_AFTER)
    waiting = broker.waiting(topic=topic, starts=unmoved) if unmoved else set()

    def still() -> dict[int, int]:
        read = offsets.known(topic=topic)
        return {partition: unmoved[partition] for partition in waiting if read[partition] == unmoved[partition]}

    if waiting:
        wait_until(lambda: not still(), limit_s=_LOOK_S)
    return still()
