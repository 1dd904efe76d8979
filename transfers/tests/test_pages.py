"""The counter's pages: done once whatever a browser sends, refused at the field, and as cheap with many transfers as with few."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from access.models import User
from access.tests.people import at_once, employ
from transfers.models import Transfer
from transfers.tests.people import ANNA, BRAM, ZOE, balance, paid

NEEDS = ("transfers.pay", "transfers.deposit", "transfers.run_till", "transfers.view_transfer", "accounts.view_customer")


def clerk() -> User:
    return User.objects.filter(username="clerk").first() or employ("clerk", *NEEDS)


def desk() -> Client:
    client = Client()
    client.force_login(clerk(), backend="access.backends.RoleBackend")
    return client


def payment(**more: str) -> dict[str, str]:
    return {"key": "k1", "debtor": ANNA, "creditor": BRAM, "creditor_name": "Bram", "amount": "10.00", "step": "confirm"} | more


class TestAPayment:
    def test_moves_nothing_while_it_is_checked(self) -> None:
        page = desk().post("/pay", payment(step="check"))

        assert "Check your answers" in page.content.decode()
        assert page.context["key"] == "k1"
        assert balance(ANNA) == 10_000

    def test_is_made_once_however_often_it_is_confirmed(self) -> None:
        client = desk()

        places = {client.post("/pay", payment())["Location"] for _ in range(3)}

        assert places == {f"/transfers/{Transfer.objects.get(kind='internal').id}/done"}
        assert balance(BRAM) == 1_000

    def test_is_not_made_again_by_a_form_that_was_sent_again_before(self) -> None:
        client = desk()
        client.post("/pay", payment())

        again = client.post("/pay", payment(step="check"))
        client.post("/pay", payment(key=again.context["key"]))

        assert balance(BRAM) == 1_000

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"amount": "1000.00"}, "amount"),
            ({"creditor": ZOE[:-1] + "0"}, "creditor"),
            ({"debtor": ZOE}, "debtor"),
            ({"amount": "x"}, "amount"),
        ],
    )
    def test_is_refused_at_its_field(self, given: dict[str, str], field: str) -> None:
        page = desk().post("/pay", payment(step="check") | given)

        assert list(page.context["form"].errors) == [field]
        assert balance(BRAM) == 0

    @pytest.mark.parametrize(
        ("language", "words"),
        [
            ("en", "has 100.00\N{NO-BREAK SPACE}EUR available; 1,000.00\N{NO-BREAK SPACE}EUR were asked for."),
            ("nl", "is 100,00\N{NO-BREAK SPACE}EUR beschikbaar; er werd 1.000,00\N{NO-BREAK SPACE}EUR gevraagd."),
        ],
    )
    def test_is_refused_in_the_figures_of_the_language(self, language: str, words: str) -> None:
        amount = {"en": "1,000.00", "nl": "1.000,00"}[language]

        page = desk().post("/pay", payment(step="check", amount=amount), headers={"Accept-Language": language})

        assert words in page.content.decode()

    def test_of_cash_needs_an_open_till(self) -> None:
        page = desk().post("/deposit", {"key": "k1", "account": ANNA, "amount": "5.00", "step": "confirm"})

        assert "The till is not open." in page.content.decode()
        assert balance(ANNA) == 10_000


class TestAStatement:
    def test_is_printed_for_the_days_that_are_shown(self) -> None:
        clerk().user_permissions.add(Permission.objects.get(codename="view_posting"))

        answer = desk().get(f"/accounts/{ANNA}/statement.pdf?since=2026-03-01&until=2026-03-02")

        assert answer["Content-Disposition"] == f'attachment; filename="{ANNA}-2026-03-01-2026-03-02.pdf"'
        assert answer.content.startswith(b"%PDF-")


class TestTheList:
    def test_asks_as_much_of_many_transfers_as_of_few(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as seen:
                assert client.get("/transfers").status_code == 200
            return len(seen)

        client = desk()
        queries()  # the first of a session reads more
        few = queries()
        for _ in range(5):
            paid(BRAM, "1.00")

        assert queries() == few


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_confirm_one_payment_once(self) -> None:
        clients = [desk() for _ in range(4)]

        answers = at_once([lambda client=client: client.post("/pay", payment()).status_code for client in clients])  # type: ignore[misc]

        assert 302 in answers
        assert balance(BRAM) == 1_000
