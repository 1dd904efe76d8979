"""The stream of what happens to transfers: in order, to whom it concerns, without a gap."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Max

from access.models import User
from access.roles import API_CLIENT, TELLER
from access.site import acting_as, this_bank
from banksite.machine.processes import wait_until
from banksite.selectors import signs
from tests.api.bank import Api, employ, enlist, token_of
from tests.api.test_transfers import code_of, mandated
from transfers import stream
from transfers.models import Transfer, TransferEvent
from transfers.tests.people import BRAM, NOON, SITE, answer, decision, furnish, paid

EVENTS = "/api/v1/events"


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
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            return bool(cursor.fetchone()[0] > last)

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


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestARestoredDatabase:
    def test_whose_transactions_went_back_is_red_until_they_pass_every_event(self) -> None:
        assert not self._is_red()

        TransferEvent.objects.create(transfer=Transfer.objects.get(), type="completed", at=NOON, xid=2**40)

        assert self._is_red()

    def _is_red(self) -> bool:
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
