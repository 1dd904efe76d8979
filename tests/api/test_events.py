"""The stream of what happens to transfers: in order, to whom it concerns, without a gap."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from access.models import User
from access.roles import API_CLIENT, TELLER
from access.site import acting_as, this_bank
from banksite.machine.processes import wait_until
from banksite.selectors import signs
from messaging.models import Recovery
from tests.api.bank import Api, employ, enlist, token_of
from tests.api.test_transfers import code_of, mandated
from transfers import services, stream
from transfers.models import StreamRestart, Transfer, TransferEvent
from transfers.tests.people import BRAM, NOON, SITE, answer, decision, furnish, paid

EVENTS = "/api/v1/events"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def anna(open_bank: None) -> Iterator[None]:
    """Be Bank A as the tests of transfers know it: Anna has 100 euros, Bram none."""
    with acting_as(replace(SITE, token_key_file=this_bank().token_key_file)):
        furnish()
        yield


@pytest.fixture
def tess() -> User:
    return employ("tess", TELLER)


def write_event(transfer: Transfer, name: str) -> None:
    TransferEvent.objects.create(transfer=transfer, type=name, at=NOON)


def settle() -> None:
    """Wait until nothing that runs elsewhere in this PostgreSQL, other tests' transactions too, holds back what was written here."""

    def is_shown() -> bool:
        last = TransferEvent.objects.aggregate(Max("xid"))["xid__max"]
        return not last or stream.end().xid == last

    if connection.vendor == "postgresql":
        assert wait_until(is_shown, limit_s=60)


def everything(user: User) -> list[str]:
    """Return the kinds of all events a reader gets who follows the stream from its beginning."""
    seen: list[str] = []
    after = None
    while True:
        events, last = stream.events_after(by=user, after=after, limit=2)
        if last == after:
            return seen
        seen, after = seen + [event.type for event in events], last


@pytest.mark.django_db(transaction=True)
class TestTheStream:
    def test_tells_everything_in_order_page_by_page(self, api: Api, tess: User) -> None:
        transfer = paid()
        answer(decision(transfer))
        settle()
        token, seen, after = token_of(tess), [], ""

        for _ in range(2):
            page = api.get(f"{EVENTS}?limit=2{after}", token=token).json()
            seen += [(event["kind"], event["type"]) for event in page["data"]]
            after = f"&after={page['next']}"

        assert seen == [("deposit", "completed"), ("outgoing", "pending"), ("outgoing", "completed")]
        assert page["data"][0]["amount"] == {"amount_minor": 1_000, "currency": "EUR"}

    def test_stands_still_when_all_is_read_and_goes_on_later(self, api: Api, tess: User) -> None:
        settle()
        token = token_of(tess)
        first = api.get(EVENTS, token=token).json()

        still = api.get(f"{EVENTS}?after={first['next']}", token=token).json()
        paid(BRAM)
        settle()
        later = api.get(f"{EVENTS}?after={still['next']}", token=token).json()

        assert (still["data"], still["next"]) == ([], first["next"])
        assert [event["kind"] for event in later["data"]] == ["internal"]

    def test_tells_a_program_only_what_concerns_it(self, api: Api) -> None:
        brams = mandated(enlist("brams", API_CLIENT), BRAM)
        paid()
        paid(BRAM)
        paid()
        settle()

        page = api.get(EVENTS, token=token_of(brams)).json()
        rest = api.get(f"{EVENTS}?after={page['next']}", token=token_of(brams)).json()

        assert [event["creditor"] for event in page["data"]] == [BRAM]
        assert rest == {"data": [], "next": page["next"]}

    def test_gives_a_stranger_nothing(self, api: Api) -> None:
        paid()

        assert api.get(EVENTS, token=token_of(enlist("stranger", API_CLIENT))).json()["data"] == []

    def test_knows_its_own_cursors_only(self, api: Api, tess: User) -> None:
        assert code_of(api.get(f"{EVENTS}?after=x", token=token_of(tess))) == (400, "request-invalid")

    def test_costs_the_same_whatever_happened(self, api: Api, tess: User, django_assert_num_queries: Any) -> None:
        token = token_of(tess)
        api.get(EVENTS, token=token)  # from now on the bank's public keys are remembered
        for _ in range(2):
            paid(BRAM, "1.00")

            with django_assert_num_queries(3):
                api.get(EVENTS, token=token)


@pytest.mark.money
@pytest.mark.django_db(transaction=True)
class TestARestoredDatabase:
    @pytest.fixture(autouse=True)
    def as_before(self) -> Iterator[None]:
        """Let places be written again as without a restart: the column's default outlives a test's rows."""
        yield
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE transfers_transferevent ALTER COLUMN xid SET DEFAULT pg_current_xact_id()::text::bigint")

    def lose(self, count: int) -> None:
        """Forget the newest events, their ids too, as a database does that was restored."""
        newest = list(TransferEvent.objects.order_by("-id").values_list("id", flat=True)[:count])
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE transfers_transferevent DISABLE TRIGGER USER")
            cursor.execute("DELETE FROM transfers_transferevent WHERE id = ANY(%s)", [newest])
            cursor.execute("ALTER TABLE transfers_transferevent ENABLE TRIGGER USER")
            cursor.execute("SELECT setval(pg_get_serial_sequence('transfers_transferevent', 'id'), %s, false)", [min(newest)])

    def test_goes_on_beyond_every_id_it_may_have_told(self, api: Api, tess: User) -> None:
        now = timezone.now()

        first = services.restart_event_stream(now=now)
        paid(BRAM)
        settle()

        ids = [event["id"] for event in api.get(EVENTS, token=token_of(tess)).json()["data"]]
        assert first >= (now - datetime(2026, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        assert (ids[-1], ids[-2] < first) == (first, True)

    @pytest.mark.postgres
    def test_gives_no_id_a_second_time(self, api: Api, tess: User) -> None:
        token = token_of(tess)
        paid(BRAM)
        settle()
        lost = {event["id"] for event in api.get(EVENTS, token=token).json()["data"][-1:]}
        self.lose(1)

        services.restart_event_stream(now=timezone.now())
        paid(BRAM)
        services.restart_event_stream(now=timezone.now())
        paid(BRAM)
        settle()

        ids = [event["id"] for event in api.get(EVENTS, token=token).json()["data"]]
        assert (len(ids), ids) == (3, sorted(set(ids)))
        assert not lost & set(ids)

    @pytest.mark.postgres
    def test_says_to_who_was_further_where_to_go_on(self, api: Api, tess: User) -> None:
        token = token_of(tess)
        settle()
        known = api.get(EVENTS, token=token).json()["next"]
        paid(BRAM)
        settle()
        further = api.get(EVENTS, token=token).json()["next"]
        self.lose(1)
        services.restart_event_stream(now=NOW)
        paid(BRAM)
        settle()

        refused = api.get(f"{EVENTS}?after={further}", token=token)
        later = api.get(f"{EVENTS}?after={refused.json()['next']}", token=token).json()

        assert code_of(refused) == (410, "event-stream-restarted")
        assert refused.json()["next"] == known
        assert [event["kind"] for event in later["data"]] == ["internal"]

    @pytest.mark.postgres
    def test_is_noticed_by_readers_although_nobody_restarted_the_stream(self, api: Api, tess: User) -> None:
        token = token_of(tess)
        paid(BRAM)
        settle()
        further = api.get(EVENTS, token=token).json()["next"]
        self.lose(1)

        assert code_of(api.get(f"{EVENTS}?after={further}", token=token)) == (410, "event-stream-restarted")

    def test_lets_who_was_not_further_go_on_without_noticing(self, api: Api, tess: User) -> None:
        token = token_of(tess)
        settle()
        known = api.get(EVENTS, token=token).json()["next"]
        paid(BRAM)
        settle()

        services.restart_event_stream(now=NOW)
        paid(BRAM)
        settle()

        assert len(api.get(f"{EVENTS}?after={known}", token=token).json()["data"]) == 2

    def test_restarts_the_stream_by_itself_in_a_recovery_once(self) -> None:
        quiet = services.keep_event_stream(now=NOW)
        Recovery.objects.create(detail="partition 0", cluster_id="c", committed={}, since=NOW)
        red = self.is_red()

        done = [services.keep_event_stream(now=NOW) for _ in range(2)]

        assert (quiet, red, done, self.is_red()) == (0, True, [1, 0], False)

    @pytest.mark.postgres
    def test_is_known_by_its_timeline(self) -> None:
        services.keep_event_stream(now=NOW)
        quiet = self.is_red()
        StreamRestart.objects.update(database="1/00000001")

        red = self.is_red()

        assert (quiet, red, services.keep_event_stream(now=NOW), self.is_red()) == (False, True, 1, False)

    @pytest.mark.postgres
    def test_whose_transactions_went_back_tells_what_happens_from_then_on(self, tess: User) -> None:
        TransferEvent.objects.create(transfer=Transfer.objects.get(), type="completed", at=NOON, xid=2**40)
        services.restart_event_stream(now=NOW)

        paid(BRAM)
        settle()

        assert everything(tess) == ["completed", "completed", "completed"]

    def is_red(self) -> bool:
        [sign] = [sign for sign in signs(now=NOON) if sign.code == "stream"]
        return sign.is_red


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestALateCommit:
    def test_is_not_missed(self, tess: User) -> None:
        [transfer] = Transfer.objects.all()
        settle()

        with ThreadPoolExecutor(1) as other:
            with transaction.atomic():
                write_event(transfer, "late")
                other.submit(self._write_elsewhere, transfer, "early").result()
                before = other.submit(self._read_elsewhere, tess).result()
            settle()
            after = everything(tess)

        assert before == ["completed"]
        assert after == ["completed", "late", "early"]

    def test_is_not_missed_even_with_a_lower_id(self, tess: User) -> None:
        [transfer] = Transfer.objects.all()

        with ThreadPoolExecutor(1) as other:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_xact_id()")  # the elder transaction writes second
                other.submit(self._write_elsewhere, transfer, "younger").result()
                write_event(transfer, "elder")
            settle()
            seen = everything(tess)

        assert seen == ["completed", "elder", "younger"]

    def _write_elsewhere(self, transfer: Transfer, name: str) -> None:
        try:
            write_event(transfer, name)
        finally:
            connection.close()

    def _read_elsewhere(self, user: User) -> list[str]:
        try:
            return everything(user)
        finally:
            connection.close()
