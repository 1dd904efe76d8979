"""An inbound topic is given more partitions in the middle of traffic, and banks write to them."""

import time
from collections.abc import Iterator

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]  # documented there, not declared

from banksite.machine.kafka import KafkaServer
from headbank import services
from messaging.models import StoredOffset
from tests.system.bank import CONSUMER, RELAY, Bank, until
from tests.system.test_register import ask_both_inside
from tests.system.town import Town, Traffic, both_ways

pytestmark = pytest.mark.kafka
BACK_WITHIN_S = 5.0


@pytest.fixture
def grown(town: Town) -> Iterator[Bank]:
    """Return a bank whose topic a test may give partitions; the register says again what other tests know when it is over."""
    yield town.bert
    set_partitions(town, 4)


class TestAnInboundTopic:
    def test_is_given_more_partitions_under_traffic(self, town: Town, grown: Bank, kafka: KafkaServer) -> None:
        with Traffic(*both_ways(town)) as traffic:
            add_partitions(kafka, topic=grown.letter_box, count=8)
            begun = time.monotonic()
            traffic.goes_on()
            back_after_s = time.monotonic() - begun
            status = grown.run("status").said
            set_partitions(town, 8)
            until(lambda: all(read(grown).get(partition) for partition in range(8)), what="records of all eight partitions are read")
            traffic.goes_on()
        town.come_to_rest()

        assert back_after_s < BACK_WITHIN_S
        assert "Traceback" not in status
        assert "records wait in" in status
        assert town.differences() == []
        assert all(bank.is_running(job) for bank in town.banks for job in (RELAY, CONSUMER))


def add_partitions(kafka: KafkaServer, *, topic: str, count: int) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    for future in admin.create_partitions([NewPartitions(topic, count)]).values():
        future.result(timeout=10)


def set_partitions(town: Town, count: int) -> None:
    """Let two administrators of the head bank tell all banks the number."""
    with town.head.inside():
        ask_both_inside(services.SET_PARTITIONS, town.bert.code, partitions=count)


def read(bank: Bank) -> dict[int, int]:
    """Return how far a bank has read each partition of its inbound topic."""
    with bank.inside():
        return dict(StoredOffset.objects.filter(topic=bank.letter_box).values_list("partition", "next_offset"))
