"""What the banks stand on dies in the middle of traffic: the broker, its disk, the databases' sessions, the database server."""

import pytest

from banksite.machine.kafka import KafkaServer
from tests.system.bank import CONSUMER, RELAY
from tests.system.servers import FragilePostgres
from tests.system.town import Town, Traffic, both_ways

pytestmark = pytest.mark.kafka


class TestABrokerThatIsKilled:
    def test_serves_again_with_what_it_had(self, town: Town, kafka: KafkaServer) -> None:
        with Traffic(*both_ways(town)) as traffic:
            kafka.kill()
            kafka.start()
            traffic.goes_on()
        town.come_to_rest()

        assert town.differences() == []
        assert all_alive(town)

    def test_serves_again_with_nothing_at_all(self, town: Town, kafka: KafkaServer) -> None:
        with Traffic(*both_ways(town)) as traffic:
            kafka.wipe()
            traffic.goes_on()
        town.come_to_rest()

        assert town.differences() == []
        assert all_alive(town)


class TestADatabase:
    def test_that_ends_sessions_stops_nobody_for_long(self, town: Town, postgres: FragilePostgres) -> None:
        with Traffic(*both_ways(town)) as traffic:
            for _ in range(4):
                postgres.end_sessions([bank.database for bank in town.banks])
                traffic.goes_on(4)
        town.come_to_rest()

        assert town.differences() == []
        assert all_alive(town)

    def test_that_is_killed_recovers_and_everyone_goes_on(self, town: Town, postgres: FragilePostgres) -> None:
        with Traffic(*both_ways(town)) as traffic:
            postgres.kill()
            postgres.start()
            traffic.goes_on()
        town.come_to_rest()

        assert town.differences() == []
        assert all_alive(town)


def all_alive(town: Town) -> bool:
    """Return whether the processes that were there before are there still: none of them gave up."""
    return all(bank.is_running(job) for bank in town.banks for job in (RELAY, CONSUMER)) and town.head.is_running(RELAY)
