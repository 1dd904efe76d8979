"""The box that finds anything."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import User
from access.roles import ADMINISTRATOR, TELLER
from accounts import selectors
from accounts.models import Customer
from banksite.opening import open_bank
from banksite.seeding import seed_demo
from transfers.models import Transfer
from transfers.selectors import transfers_named

pytestmark = pytest.mark.django_db


@pytest.fixture
def teller() -> Client:
    open_bank(now=timezone.now())
    seed_demo(now=timezone.now())
    client = Client()
    client.force_login(User.objects.get(username="teller"), backend="access.backends.RoleBackend")
    return client


def found(client: Client, text: str) -> str:
    """Return where a search leads, or the page of what was found."""
    answer = client.get("/search", {"q": text})
    return str(answer.get("Location") or answer.content.decode())


class TestTheBox:
    def test_leads_straight_to_the_only_thing_there_is(self, teller: Client) -> None:
        maria = Customer.objects.get(name="Maria Jansen")
        [checking, _, *_rest] = selectors.accounts_of(customer_id=maria.id)
        groups = " ".join(checking.number[place : place + 4] for place in range(0, 20, 4))

        assert found(teller, "maria jan") == f"/customers/{maria.id}"
        assert found(teller, "020 555 0001") == f"/customers/{maria.id}"
        assert found(teller, maria.phone) == f"/customers/{maria.id}"
        assert found(teller, groups.lower()) == f"/accounts/{checking.number}"

    def test_finds_accounts_by_a_part_and_cards_by_their_last_four(self, teller: Client) -> None:
        maria = Customer.objects.get(name="Maria Jansen")
        [card] = selectors.cards_of(customer_id=maria.id)

        assert "Maria Jansen" in found(teller, "BNKA00000000")
        page = found(teller, card.last_four)
        assert page == f"/accounts/{card.account}" or f"•••• {card.last_four}" in page  # who shares its digits is drawn by lot

    def test_leads_to_a_transfer_by_its_number_or_its_beginning(self, teller: Client) -> None:
        transfer = Transfer.objects.latest("id")

        assert found(teller, str(transfer.id)) == f"/transfers/{transfer.id}"
        assert found(teller, str(transfer.id)[:-3]) == f"/transfers/{transfer.id}"
        assert str(transfer.id) in found(teller, str(transfer.id)[:8])

    @pytest.mark.parametrize("name", ["reference", "end_to_end_id"])
    def test_leads_to_a_transfer_by_what_its_customer_calls_it(self, teller: Client, name: str) -> None:
        first, *_ = ids = list(Transfer.objects.order_by("id").values_list("id", flat=True))
        Transfer.objects.filter(id=first).update(**{name: "INV-2026-7"})

        assert found(teller, "INV-2026-7 ") == f"/transfers/{first}"
        assert "Nothing fits" in found(teller, "INV-2026")
        assert found(teller, "First deposit").count("/transfers/") >= min(len(ids) - 1, 10)

    def test_says_when_there_is_nothing_and_offers_to_open_a_customer(self, teller: Client) -> None:
        page = found(teller, "Zebedee")

        assert "Nothing fits" in page
        assert "/customers/new?name=Zebedee" in page

    @pytest.mark.parametrize("text", ["", "a", "%", "_" * 5, "' OR 1=1", "\0\0\0\0", "9" * 400, "é" * 70, "0" * 4])
    def test_survives_whatever_is_typed(self, teller: Client, text: str) -> None:
        assert teller.get("/search", {"q": text}).status_code in {200, 302}

    def test_shows_no_customer_to_who_need_not_know_them(self, teller: Client) -> None:
        User.objects.get(username="teller").groups.set([Group.objects.get(name=ADMINISTRATOR)])

        assert "Nothing fits" in found(teller, "Maria")

    def test_shows_a_program_nothing(self, teller: Client) -> None:
        User.objects.filter(username="teller").update(is_staff=False)

        assert teller.get("/search", {"q": "Maria"}).status_code == 403
        assert Group.objects.filter(name=TELLER).exists()


@pytest.mark.postgres
class TestTheIndexes:
    @pytest.mark.parametrize("text", ["maria jan", "5550001", "K000000001", "0001"])
    def test_are_used_for_every_part(self, teller: Client, text: str) -> None:
        by = User.objects.get(username="teller")
        with CaptureQueriesContext(connection) as asked:
            selectors.search(text=text, reach=by)

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # the planner of twelve customers would rather read through
            for query in asked.captured_queries:
                cursor.execute(f"EXPLAIN {query['sql']}")
                assert "Seq Scan" not in "\n".join(row[0] for row in cursor.fetchall()), query["sql"]

        assert asked.captured_queries

    @pytest.mark.parametrize("text", ["INV-2026-7", "0198c0de-aaaa"])
    def test_are_used_for_transfers_by_name(self, teller: Client, text: str) -> None:
        by = User.objects.get(username="teller")
        with CaptureQueriesContext(connection) as asked:
            transfers_named(text=text, by=by)

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            plans = []
            for query in asked.captured_queries:
                cursor.execute(f"EXPLAIN {query['sql']}")
                plans.append("\n".join(row[0] for row in cursor.fetchall()))

        names = ("transfer_reference", "transfer_named", "transfers_transfer_pkey")
        assert [name for name in names if any(name in plan for plan in plans)] == list(names[: 3 if "-aaaa" in text else 2])
