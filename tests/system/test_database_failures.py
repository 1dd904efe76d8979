"""A bank's database fails while programs pay over its API: each answer is an acceptance or says when to come again."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.utils import timezone

from access import tokens
from tests.system.bank import CONSUMER, RELAY, Bank
from tests.system.servers import FragilePostgres
from tests.system.several import WEB, Customers, Several, named
from tests.system.town import Town, payments, teller

pytestmark = pytest.mark.kafka
Fail = Callable[[FragilePostgres, Bank], None]


@pytest.fixture
def several(town: Town) -> Several:
    """Return Bank A with a web server under the command of production."""
    several = Several(bank=town.anna)
    several.begin(WEB, number=1)
    several.await_well(WEB, number=1)
    return several


@pytest.fixture
def programs(town: Town, several: Several, request: pytest.FixtureRequest) -> Iterator[Customers]:
    door, name = several.doors[named(WEB, 1)], request.node.callspec.id
    with several.bank.inside():
        token = tokens.issue(user=teller(), now=timezone.now()).access
    with Customers(door=door, token=token, payments=payments(town.anna, to=town.bert), name=name) as programs:
        yield programs


def end_sessions(postgres: FragilePostgres, bank: Bank) -> None:
    postgres.end_sessions([bank.database])


def kill_and_start(postgres: FragilePostgres, bank: Bank) -> None:
    postgres.kill()
    postgres.start()


def widen_column(postgres: FragilePostgres, bank: Bank) -> None:
    """Do what a migration of a newer version does while this one runs."""
    with bank.inside(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE transfers_transfer ALTER COLUMN reference TYPE varchar(9000)")


class TestADatabaseThatFails:
    @pytest.mark.parametrize("fail", [end_sessions, kill_and_start, widen_column], ids=lambda fail: fail.__name__)
    def test_stops_no_process_and_every_answer_says_what_to_do(
        self, town: Town, several: Several, programs: Customers, postgres: FragilePostgres, fail: Fail
    ) -> None:
        programs.go_on()

        fail(postgres, town.anna)
        programs.go_on()
        programs.stop()
        town.come_to_rest()

        assert programs.errors() <= {503}
        assert town.differences() == []
        assert all(bank.is_running(job) for bank in town.banks for job in (RELAY, CONSUMER))
        for name in (named(WEB, 1), RELAY, CONSUMER):
            assert "Traceback" not in town.anna._log(name).read_text(), name
