"""Delivering: until it is taken, with patience, and never to those who may not have it."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.test import override_settings

from access.models import AuditEvent, User
from accounts.models import Mandate
from messaging.models import Lease
from transfers.models import TransferEvent
from transfers.tests.people import ANNA, NOON
from webhooks import services
from webhooks.models import Delivery, Endpoint
from webhooks.rules import ALL_IN_FLIGHT, Answer
from webhooks.services import Parcel
from webhooks.tests.people import ERROR, GONE, OK, PUBLIC, SILENCE, Clock, Notebook, by_hand, program, registered, with_test

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def erp() -> User:
    return program("erp", ANNA)


@pytest.fixture
def endpoint(erp: User) -> UUID:
    return registered(erp).id


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def clock(notebook: Notebook) -> Clock:
    return Clock(notebook)


def outcome(delivery: Delivery) -> tuple[str, int]:
    found = Delivery.objects.get(id=delivery.id)
    return found.status, found.attempts


class TestADelivery:
    def test_is_made_and_done(self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User) -> None:
        delivery = with_test(endpoint, erp)

        clock.turn(times=3)

        assert outcome(delivery) == ("delivered", 1)
        assert [parcel.headers["webhook-id"] for parcel in notebook.sent] == [str(delivery.id)]

    @pytest.mark.parametrize("failure", [ERROR, SILENCE, Answer(status=302, text="elsewhere"), Answer(status=404, text="")])
    def test_is_tried_again_later_under_the_same_name(
        self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User, failure: Answer
    ) -> None:
        delivery = with_test(endpoint, erp)
        answers = iter([failure, failure, OK])
        notebook.says = lambda _: next(answers)

        clock.turn(times=5)
        at_once = len(notebook.sent)
        clock.turn(after=MINUTE)
        clock.turn(after=MINUTE)

        assert at_once == 1
        assert outcome(delivery) == ("delivered", 3)
        assert {parcel.headers["webhook-id"] for parcel in notebook.sent} == {str(delivery.id)}
        assert len({parcel.headers["webhook-timestamp"] for parcel in notebook.sent}) == 3

    def test_keeps_what_was_answered(self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User) -> None:
        delivery = with_test(endpoint, erp)
        notebook.says = lambda _: Answer(status=503, text="closed for lunch")

        clock.turn()

        found = Delivery.objects.get(id=delivery.id)
        assert (found.status, found.answer_status, found.answer, found.attempted_at) == ("pending", 503, "closed for lunch", NOON)

    def test_that_alone_is_never_taken_fails_after_days_and_holds_up_no_other(
        self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User
    ) -> None:
        poison = with_test(endpoint, erp)
        notebook.says = lambda parcel: ERROR if parcel.delivery == poison.id else OK
        others = []

        for _ in range(8):
            clock.days(0.5)
            others.append(with_test(endpoint, erp, now=clock.now))
            clock.turn(after=MINUTE, times=2)
            clock.turn(after=HOUR, times=2)

        assert outcome(poison)[0] == "failed"
        assert {outcome(other)[0] for other in others} == {"delivered"}
        assert Endpoint.objects.get().disabled_at is None

    def test_that_waited_for_days_is_not_given_up_for_one_failure(
        self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User
    ) -> None:
        delivery = with_test(endpoint, erp)
        notebook.says = lambda _: ERROR

        clock.turn(after=timedelta(days=4))

        assert outcome(delivery) == ("pending", 1)

    def test_that_is_sent_again_and_waits_for_days_is_not_given_up_for_one_failure(
        self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User
    ) -> None:
        delivery = with_test(endpoint, erp)
        clock.turn()
        services.send_again(delivery_id=delivery.id, by=erp, now=NOON + HOUR)
        notebook.says = lambda _: ERROR

        clock.turn(after=timedelta(days=4))

        assert outcome(delivery) == ("pending", 2)

    def test_that_failed_can_be_sent_again(self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User) -> None:
        delivery = with_test(endpoint, erp)
        Delivery.objects.filter(id=delivery.id).update(status="failed", finished_at=NOON, attempts=20)

        services.send_again(delivery_id=delivery.id, by=erp, now=NOON + timedelta(days=9))
        clock.turn(after=timedelta(days=9))

        assert outcome(delivery) == ("delivered", 21)
        assert [parcel.delivery for parcel in notebook.sent] == [delivery.id]


class TestAnEndpoint:
    def test_that_is_down_gets_a_single_try_at_a_time_and_all_at_once_when_it_is_back(
        self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User
    ) -> None:
        for _ in range(ALL_IN_FLIGHT * 2):
            with_test(endpoint, erp)
        notebook.says = lambda _: SILENCE
        clock.turn()
        first = len(notebook.sent)
        clock.days(1)
        tries = len(notebook.sent) - first

        notebook.says = lambda _: OK
        clock.turn(after=6 * HOUR, times=4)
        clock.turn(after=6 * HOUR, times=4)

        assert first == ALL_IN_FLIGHT
        assert 8 <= tries <= 20
        assert set(Delivery.objects.values_list("status", flat=True)) == {"delivered"}

    def test_that_takes_nothing_for_days_is_disabled_and_loses_nothing(
        self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User
    ) -> None:
        delivery = with_test(endpoint, erp)
        notebook.says = lambda _: ERROR

        clock.days(4)
        disabled = Endpoint.objects.get()
        tries = len(notebook.sent)
        clock.days(1)
        quiet = len(notebook.sent) == tries
        notebook.says = lambda _: OK
        services.enable_endpoint(endpoint_id=endpoint, by=erp, now=clock.now)
        with_test(endpoint, erp, now=clock.now)
        clock.turn(times=3)

        assert disabled.disabled_why == "nothing was taken for 3 days, 0:00:00"
        assert AuditEvent.objects.filter(action="webhook.disabled", actor=None, subject=f"webhook:{endpoint}").count() == 1
        assert quiet
        assert outcome(delivery)[0] == "delivered"

    def test_that_says_it_is_gone_is_disabled_at_once(self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User) -> None:
        with_test(endpoint, erp)
        notebook.says = lambda _: GONE

        clock.turn()

        assert Endpoint.objects.get().disabled_why == "it answered 410, gone"

    def test_that_moved_gets_what_waits_at_once(self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User) -> None:
        deliveries = [with_test(endpoint, erp) for _ in range(3)]
        notebook.says = lambda parcel: OK if parcel.url == "https://new.example/" else ERROR
        clock.turn()

        services.change_endpoint(endpoint_id=endpoint, url="https://new.example/", addresses=PUBLIC, by=erp, now=clock.now)
        clock.turn()

        assert {outcome(delivery) for delivery in deliveries} == {("delivered", 2)}

    def test_that_is_slow_holds_up_no_other_and_has_only_so_much_under_way(self, clock: Clock, notebook: Notebook, erp: User) -> None:
        slow, quick = registered(erp).id, registered(erp).id
        for _ in range(ALL_IN_FLIGHT + 5):
            with_test(slow, erp)
        notebook.says = lambda parcel: None if parcel.endpoint == slow else OK
        clock.turn()

        quicks = [with_test(quick, erp) for _ in range(3)]
        clock.turn(times=3)

        assert {outcome(delivery) for delivery in quicks} == {("delivered", 1)}
        assert len(notebook.left) == ALL_IN_FLIGHT

    def test_is_chosen_by_chance_where_there_is_not_room_for_all(self, erp: User) -> None:
        endpoints = [registered(erp).id for _ in range(6)]
        for each in endpoints:
            with_test(each, erp)
        clocks = [Clock(Notebook(), seed=seed) for seed in range(12)]

        first = {parcel.endpoint for clock in clocks for parcel in services.take_due(under_way={}, room=1, random=clock.random, now=NOON)}

        assert len(first) > 2


class TestSecrets:
    def test_overlap_for_a_day_after_a_rotation(self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User) -> None:
        services.rotate_secret(endpoint_id=endpoint, by=erp, now=NOON)
        with_test(endpoint, erp)
        clock.turn()
        with_test(endpoint, erp, now=NOON + 25 * HOUR)
        clock.turn(after=25 * HOUR)

        assert [len(parcel.headers["webhook-signature"].split()) for parcel in notebook.sent] == [2, 1]

    def test_that_cannot_be_read_disable_their_endpoint_alone(self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User) -> None:
        with override_settings(SECRET_KEY="another"):
            other = registered(erp).id
        for each in (endpoint, other):
            with_test(each, erp)

        clock.turn()

        assert [parcel.endpoint for parcel in notebook.sent] == [endpoint]
        assert "SECRET_KEY" in Endpoint.objects.get(id=other).disabled_why

    def test_that_cannot_be_read_are_healed_by_a_rotation(self, clock: Clock, notebook: Notebook, erp: User) -> None:
        with override_settings(SECRET_KEY="another"):
            endpoint = registered(erp).id
        delivery = with_test(endpoint, erp)
        clock.turn()

        services.rotate_secret(endpoint_id=endpoint, by=erp, now=NOON)
        services.enable_endpoint(endpoint_id=endpoint, by=erp, now=NOON)
        clock.turn()

        assert outcome(delivery) == ("delivered", 1)
        assert [len(parcel.headers["webhook-signature"].split()) for parcel in notebook.sent] == [1]


class TestAnOwner:
    def test_who_lost_the_mandate_since_gets_nothing(self, clock: Clock, notebook: Notebook, endpoint: UUID) -> None:
        delivery = by_hand(endpoint, TransferEvent.objects.earliest("id"))
        Mandate.objects.all().delete()

        clock.turn()

        assert outcome(delivery) == ("withdrawn", 0)
        assert notebook.sent == []

    def test_who_has_it_gets_it(self, clock: Clock, endpoint: UUID) -> None:
        delivery = by_hand(endpoint, TransferEvent.objects.earliest("id"))

        clock.turn()

        assert outcome(delivery) == ("delivered", 1)

    def test_who_may_not_follow_events_any_more_gets_nothing(self, clock: Clock, notebook: Notebook, endpoint: UUID, erp: User) -> None:
        delivery = with_test(endpoint, erp)
        User.objects.filter(pk=erp.pk).update(is_active=False)

        clock.turn()

        assert (outcome(delivery), notebook.sent) == (("pending", 0), [])
        assert Endpoint.objects.get().disabled_why == "its owner may no longer follow events"


class TestTwoDeliverers:
    def test_work_one_at_a_time_and_the_second_takes_over(self, endpoint: UUID, erp: User) -> None:
        first, second = Clock(Notebook()), Clock(Notebook())
        first.turn()
        delivery = with_test(endpoint, erp)

        second.turn()
        idle = list(second.notebook.sent)
        Lease.objects.update(until=NOON - MINUTE)  # the first stands still
        second.turn(after=MINUTE)

        assert idle == []
        assert outcome(delivery) == ("delivered", 1)

    def test_note_twice_what_both_sent_and_neither_undoes_the_other(self, endpoint: UUID, erp: User) -> None:
        late = Clock(Notebook(says=lambda _: None))
        late.turn()
        delivery = with_test(endpoint, erp)
        late.turn()
        Lease.objects.update(until=NOON - MINUTE)
        second = Clock(Notebook(), now=NOON + MINUTE)
        second.turn()

        late.notebook.left[delivery.id].set_result(ERROR)
        late.turn(after=MINUTE)

        assert outcome(delivery) == ("delivered", 1)
        assert second.notebook.sent[0].headers["webhook-id"] == late.notebook.sent[0].headers["webhook-id"]


class TestForgetting:
    def test_leaves_what_is_young_or_waits(self, endpoint: UUID, erp: User) -> None:
        old, young, failed, waiting = (with_test(endpoint, erp) for _ in range(4))
        for delivery, status, age in ((old, "delivered", 8), (young, "delivered", 6), (failed, "failed", 8)):
            Delivery.objects.filter(id=delivery.id).update(status=status, finished_at=NOON - timedelta(days=age))

        deleted = services.delete_over(now=NOON, limit=10)

        assert deleted == 1
        assert set(Delivery.objects.values_list("id", flat=True)) == {young.id, failed.id, waiting.id}


def test_a_parcel_shows_no_secret(endpoint: UUID, erp: User, notebook: Notebook, clock: Clock) -> None:
    with_test(endpoint, erp)

    clock.turn()

    [parcel] = notebook.sent
    assert isinstance(parcel, Parcel)
    assert "whsec" not in repr(parcel)
