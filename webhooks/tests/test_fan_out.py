"""From the stream to the queue: everything that happens, to whom it concerns, once and in order."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from random import Random
from typing import get_args
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from access.models import AuditEvent, User
from accounts.models import Mandate
from transfers import stream
from transfers.models import StreamRestart, Transfer, TransferEvent
from transfers.stream import Place
from transfers.tests.people import ANNA, BRAM, NOON, ZOE, paid
from webhooks import services
from webhooks.api.words import EventName
from webhooks.models import Delivery, Endpoint
from webhooks.tests.people import program, registered, settle, told, with_test

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def settled(bank: None) -> None:
    """Begin when what furnished the bank can be read: a registration begins behind it."""
    settle()


CHANCE = Random(1)


def turn() -> int:
    return services.fan_out(random=CHANCE, now=NOON)


def queue() -> None:
    """Let everything that happened so far be queued."""
    settle()
    assert any(turn() == 0 for _ in range(20)), "queuing comes to an end"


def registered_after(place: Place, by: User) -> UUID:
    return services.register_endpoint(url="https://erp.example/", events=[], after=place, addresses=["8.8.8.8"], by=by, now=NOON).id


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one event go to two webhooks at a time, so that few are many."""
    for name, number in (("EVENTS", 1), ("ENDPOINTS", 2)):
        monkeypatch.setattr(import_module("webhooks.services.fan_out"), name, number)


class TestAnEvent:
    def test_is_queued_for_those_whom_it_concerns(self) -> None:
        bank = registered(program("branch", whole_bank=True)).id
        annas = registered(program("annas", ANNA)).id
        brams = registered(program("brams", BRAM)).id
        stranger = registered(program("stranger")).id

        paid(ZOE)
        paid(BRAM)
        queue()

        everything = [(1, "transfer.pending", ZOE), (2, "transfer.completed", BRAM)]
        assert (told(bank), told(annas)) == (everything, everything)
        assert told(brams) == [(1, "transfer.completed", BRAM)]
        assert told(stranger) == []

    def test_is_queued_where_its_kind_is_wanted(self) -> None:
        endpoint = registered(program("erp", ANNA), "transfer.completed", "transfer.rejected").id

        paid(ZOE)
        paid(BRAM)
        queue()

        assert told(endpoint) == [(1, "transfer.completed", BRAM)]

    def test_has_a_number_of_its_own_although_the_bank_forgot_which_it_gave(self) -> None:
        erp = program("erp", ANNA)
        endpoint = registered(erp).id
        StreamRestart.objects.create(first=5_000, shift=0, database=stream.database(), at=NOON)

        paid(ZOE)
        queue()
        with_test(endpoint, erp)

        numbers = Delivery.objects.filter(endpoint_id=endpoint).order_by("sequence").values_list("sequence", flat=True)
        assert list(numbers) == [5_000, 5_001]

    def test_is_queued_once(self) -> None:
        endpoint = registered(program("erp", ANNA)).id
        paid(BRAM)
        queue()

        queue()

        assert len(told(endpoint)) == 1

    def test_from_before_the_registration_is_not_queued_unless_asked_for(self) -> None:
        erp = program("erp", ANNA)
        paid(BRAM)
        settle()
        from_now, from_then = registered(erp).id, registered_after(stream.BEGINNING, erp)

        paid(ZOE)
        queue()

        assert [type_ for _, type_, _ in told(from_now)] == ["transfer.pending"]
        assert [type_ for _, type_, _ in told(from_then)] == ["transfer.completed", "transfer.completed", "transfer.pending"]

    def test_waits_for_a_disabled_webhook_and_holds_up_no_other(self) -> None:
        erp = program("erp", ANNA)
        asleep, awake = registered(erp).id, registered(erp).id
        services.disable_endpoint(endpoint_id=asleep, reason="moving", by=erp, now=NOON)
        paid(BRAM)
        queue()
        before = (told(asleep), len(told(awake)))

        services.enable_endpoint(endpoint_id=asleep, by=erp, now=NOON)
        paid(ZOE)
        queue()

        assert before == ([], 1)
        assert told(asleep) == told(awake)
        assert len(told(asleep)) == 2

    def test_has_a_name_that_can_be_asked_for(self) -> None:
        assert {f"transfer.{name}" for name in stream.TYPES} == set(get_args(EventName))


@pytest.mark.usefixtures("small")
class TestAWebhookFarBehind:
    @pytest.fixture
    def erp(self) -> User:
        return program("erp", ANNA)

    def test_holds_up_nobody_although_a_new_one_stands_alone_in_front(self, erp: User) -> None:
        crowd = [registered(erp).id for _ in range(2)]
        for _ in range(3):
            paid(BRAM, "0.01")
        settle()
        front, behind = registered(erp).id, registered_after(stream.BEGINNING, erp)

        turn()

        assert [len(told(endpoint)) for endpoint in (*crowd, front, behind)] == [1, 1, 0, 1]

    def test_has_its_turn_however_many_others_are_far_behind(self, erp: User) -> None:
        scattered = []
        for _ in range(7):
            scattered.append(registered(erp).id)
            for _ in range(5):
                paid(BRAM, "0.01")
            settle()

        for _ in range(40):
            paid(BRAM, "0.01")
            settle()
            turn()

        assert all(told(endpoint) for endpoint in scattered)

    def test_has_its_turn_however_many_stand_in_front_of_it(self, erp: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(import_module("webhooks.services.fan_out"), "EVENTS", 200)
        crowd = [registered(erp).id for _ in range(9)]

        for _ in range(20):
            paid(BRAM, "0.01")
            settle()
            turn()

        assert all(told(endpoint) for endpoint in crowd)


class TestAnOwner:
    @pytest.fixture
    def erp(self) -> User:
        return program("erp", ANNA)

    def test_who_loses_a_mandate_hears_no_more_of_it(self, erp: User) -> None:
        endpoint = registered(erp).id

        Mandate.objects.all().delete()
        paid(BRAM)
        queue()

        assert told(endpoint) == []

    @pytest.mark.parametrize("how", ["disabled", "permission", "scopes"])
    def test_who_may_not_follow_events_any_more_has_the_webhook_disabled_where_it_stood(self, erp: User, how: str) -> None:
        endpoint = registered(erp).id
        place = Endpoint.objects.values_list("place_xid", "place_id").get()
        if how == "disabled":
            User.objects.filter(pk=erp.pk).update(is_active=False)
        elif how == "permission":
            erp.user_permissions.clear()
        else:
            type(erp.client).objects.filter(user=erp).update(scopes=["transfers.pay"])

        paid(BRAM)
        queue()

        row = Endpoint.objects.get()
        assert (row.disabled_why, (row.place_xid, row.place_id)) == ("its owner may no longer follow events", place)
        assert told(endpoint) == []
        assert AuditEvent.objects.filter(action="webhook.disabled", actor=None, subject=f"webhook:{endpoint}").count() == 1


class TestTheCost:
    def test_is_the_same_for_any_number_of_events_and_webhooks(self) -> None:
        costs = []
        for number in (1, 6):
            for each in range(number):
                registered(program(f"erp-{number}-{each}", ANNA))
            for _ in range(number):
                paid(BRAM, "0.01")
            settle()
            with CaptureQueriesContext(connection) as asked:
                turn()
            costs.append(len(asked))
            queue()

        assert costs[0] == costs[1] <= 12

    def test_is_reading_only_where_nothing_happened(self) -> None:
        registered(program("erp", ANNA))
        settle()

        with CaptureQueriesContext(connection) as asked:
            moved = turn()

        assert (moved, {query["sql"].split()[0] for query in asked}) == (0, {"SELECT"})


@pytest.mark.postgres
class TestALateCommit:
    def test_is_queued_although_later_ones_were_before_it(self) -> None:
        endpoint = registered(program("erp", ANNA)).id
        [transfer] = Transfer.objects.all()
        settle()

        def write_elsewhere(name: str) -> None:
            try:
                TransferEvent.objects.create(transfer=transfer, type=name, at=NOON)
                turn()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as other:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_xact_id()")  # the elder transaction writes second
                other.submit(write_elsewhere, "pending").result()
                TransferEvent.objects.create(transfer=transfer, type="rejected", at=NOON)
            queue()

        assert [type_ for _, type_, _ in told(endpoint)] == ["transfer.rejected", "transfer.pending"]


class TestTwoAtOnce:
    @pytest.mark.postgres
    def test_queue_everything_once(self) -> None:
        endpoints = [registered(program(f"erp-{number}", ANNA)).id for number in range(3)]
        for _ in range(20):
            paid(BRAM, "0.01")
        settle()

        def work(_: int) -> None:
            try:
                while turn():
                    pass
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))

        assert [[number for number, *_ in told(endpoint)] for endpoint in endpoints] == [list(range(1, 21))] * 3
