"""More than one of every process: each dies in turn, then all are replaced while programs pay."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from access import tokens
from tests.system.bank import CONSUMER, RELAY, Bank
from tests.system.several import NUMBERS, WEB, Customers, Several, other
from tests.system.town import Town, catch_up, payments, teller
from transfers.models import Transfer

pytestmark = pytest.mark.kafka
KINDS = (WEB, RELAY, CONSUMER)
TAKEN_OVER_S = 10.0


@pytest.fixture(scope="module")
def several(open_town: Town) -> Iterator[Several]:
    """Return Bank A with two of everything, and a front door before its web servers."""
    open_town.go_to_work()
    bank = open_town.anna
    for kind in (RELAY, CONSUMER):
        bank.stop(kind)
    several = Several(bank=bank)
    for number in NUMBERS:
        several.begin(*KINDS, number=number)
    for number in NUMBERS:
        several.await_well(WEB, RELAY, number=number)
    several.open_front_door()
    yield several
    bank.end_all()


@pytest.fixture
def programs(open_town: Town, several: Several, request: pytest.FixtureRequest) -> Iterator[Customers]:
    """Return programs that pay Bank B's customers from now on."""
    door, name = several.doors["front"], request.node.name[5:25]  # an end-to-end id has 35 characters
    with several.bank.inside():
        token = tokens.issue(user=teller(), now=timezone.now()).access
    with Customers(door=door, token=token, payments=payments(open_town.anna, to=open_town.bert), name=name) as programs:
        for number in NUMBERS:
            several.await_well(CONSUMER, number=number)
        yield programs


def booked(bank: Bank, programs: Customers) -> dict[str, tuple[str, timedelta]]:
    """Return what became of their payments by key: the transfer, and the time from its acceptance to its end."""
    with bank.inside():
        theirs = Transfer.objects.filter(end_to_end_id__startswith=programs.name).annotate(took=F("settled_at") - F("created_at"))
        rows = list(theirs.values_list("end_to_end_id", "id", "took"))
    found = {key: (str(id_), took) for key, id_, took in rows}
    assert len(found) == len(rows), "a payment was booked twice"
    return found


class TestTwoOfEverything:
    def test_take_over_within_ten_seconds_whichever_is_killed(self, open_town: Town, several: Several, programs: Customers) -> None:
        for turn in NUMBERS:
            for kind in KINDS:
                victim = several.number_at_work(kind, otherwise=turn)
                several.await_well(kind, number=other(victim))
                several.kill(kind, number=victim)
                programs.go_on()
                catch_up(open_town.anna)
                several.begin(kind, number=victim)
        programs.stop()
        open_town.come_to_rest()

        found = booked(open_town.anna, programs)
        assert {key: id_ for key, (id_, _) in found.items()} == programs.accepted
        assert programs.slowest_s < TAKEN_OVER_S
        assert max(took for _, took in found.values()).total_seconds() < TAKEN_OVER_S
        assert programs.errors() <= {503}
        assert open_town.differences() == []

    def test_are_replaced_one_after_the_other_while_every_request_is_served(
        self, open_town: Town, several: Several, programs: Customers
    ) -> None:
        ends = []
        for number in NUMBERS * 2:
            ends += several.end_in_order(*KINDS, number=number)
            several.begin(*KINDS, number=number)
            several.await_well(*KINDS, number=number)
        programs.stop()
        open_town.come_to_rest()

        found = booked(open_town.anna, programs)
        assert ends == [0] * 12
        assert {key: id_ for key, (id_, _) in found.items()} == programs.accepted
        assert programs.errors() <= {503}
        assert open_town.differences() == []
