"""The pages of customers, accounts, holds and cards, as a browser without scripts uses them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from access.models import Approval, AuditEvent, User
from access.roles import AUDITOR, SUPERVISOR, TELLER
from access.services import open_access
from accounts import selectors, services
from accounts.models import Account, Card, Customer
from accounts.services import OpenedCustomer
from accounts.tests.people import CASH, euros, held, move, post

pytestmark = pytest.mark.django_db


def employ_as(role: str) -> User:
    user = User.objects.create_user(username=role.lower(), first_name=role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def sit_down(role: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=role.lower()), backend="access.backends.RoleBackend")
    return client


@pytest.fixture(autouse=True)
def staff() -> None:
    open_access()
    for role in (TELLER, SUPERVISOR, AUDITOR):
        employ_as(role)


@pytest.fixture
def teller() -> Client:
    return sit_down(TELLER)


@pytest.fixture
def maria() -> OpenedCustomer:
    services.open_internal_accounts(numbers=[CASH], now=timezone.now())
    opened = services.open_customer(
        name="Maria Jansen", phone="+31 20 555 0001", by=User.objects.get(username="teller"), now=timezone.now() - timedelta(days=1)
    )
    post(move(CASH, opened.checking, "1250.00"), at=timezone.now())
    return opened


def send(client: Client, address: str, **fields: str) -> Any:
    """Open a form, fill it in as it is drawn, send it, and return the page after it."""
    drawn = client.get(address)
    assert drawn.status_code == 200, drawn.status_code
    initial = {name: field.value() or "" for name, field in ((field.name, field) for field in drawn.context["form"])}
    return client.post(address, {"key": drawn.context["key"], **initial, **fields}, follow=True)


def text_of(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).replace("\N{NO-BREAK SPACE}", " ").split())


class TestACustomer:
    def test_is_opened_with_two_accounts_and_a_card_whose_number_is_shown_once(self, teller: Client) -> None:
        drawn = teller.get("/customers/new")
        sent = {"key": drawn.context["key"], "name": "Noor de Vries", "phone": "+31 6 1234 5678", "email": "", "currency": "EUR"}

        first, again = teller.post("/customers/new", sent), teller.post("/customers/new", sent)

        customer, card = Customer.objects.get(), Card.objects.get()
        assert (customer.name, customer.phone) == ("Noor de Vries", "+31612345678")
        assert re.search(rf"999999\d\d \d{{4}} {card.last_four}", text_of(first).replace("9999 99", "999999"))
        assert "kept nowhere" in text_of(again)
        assert not re.search(r"\d{4} \d{4} \d{4} \d{4}", text_of(again).replace("NL", ""))

    def test_is_refused_beside_the_field_in_the_words_of_the_api(self, teller: Client, maria: OpenedCustomer) -> None:
        page = send(teller, "/customers/new", name="Another", phone="+31 20 555 0001", currency="EUR")

        assert page.context["form"].errors == {
            "phone": ["Another customer has this phone number. Look for +31205550001 among the customers."]
        }
        assert Customer.objects.count() == 1

    def test_is_shown_with_accounts_and_cards(self, teller: Client, maria: OpenedCustomer) -> None:
        shown = text_of(teller.get(f"/customers/{maria.id}"))

        assert "Maria Jansen" in shown
        assert "1,250.00 EUR" in shown
        assert f"•••• {maria.card_number[-4:]}" in shown

    def test_is_changed(self, teller: Client, maria: OpenedCustomer) -> None:
        send(teller, f"/customers/{maria.id}/change", name="Maria Smit", email="maria@example.org")

        changed = Customer.objects.get()
        assert (changed.name, changed.phone, changed.email) == ("Maria Smit", "+31205550001", "maria@example.org")

    def test_leaves_when_every_account_is_closed(self, maria: OpenedCustomer) -> None:
        supervisor = sit_down(SUPERVISOR)

        refused = send(supervisor, f"/customers/{maria.id}/close", reason="moves away")
        post(move(maria.checking, CASH, "1250.00"))
        for number in (maria.checking, maria.savings):
            send(supervisor, f"/accounts/{number}/close", reason="moves away")
        send(supervisor, f"/customers/{maria.id}/close", reason="moves away")

        assert "The customer still has accounts." in text_of(refused)
        assert Customer.objects.get().closed_at is not None

    def test_gets_another_account(self, teller: Client, maria: OpenedCustomer) -> None:
        send(teller, f"/customers/{maria.id}/accounts/new", kind="savings", currency="USD")

        assert [(row.kind, row.currency) for row in selectors.accounts_of(customer_id=maria.id)][2:] == [("savings", "USD")]

    def test_that_does_not_exist_is_not_found(self, teller: Client, maria: OpenedCustomer) -> None:
        assert teller.get(f"/customers/{maria.card_id}").status_code == 404


class TestAnAccount:
    def test_shows_what_it_holds_and_what_happened(self, teller: Client, maria: OpenedCustomer) -> None:
        services.place_hold(
            number=maria.checking,
            amount=euros("200.00"),
            purpose="hotel",
            expires_at=timezone.now() + timedelta(days=3),
            by=User.objects.get(username="teller"),
            now=timezone.now(),
        )

        shown = text_of(teller.get(f"/accounts/{maria.checking}"))

        assert "Available 1,050.00 EUR Balance 1,250.00 EUR On hold 200.00 EUR" in shown
        assert "hotel" in shown
        assert "+1,250.00 EUR" in shown

    def test_is_frozen_by_one_and_unfrozen_by_two(self, teller: Client, maria: OpenedCustomer) -> None:
        frozen = send(teller, f"/accounts/{maria.checking}/freeze", reason="phone call of a son")
        send(sit_down(SUPERVISOR), f"/accounts/{maria.checking}/unfreeze", reason="it was her son")

        assert "The account is frozen" in text_of(frozen)
        assert selectors.account_by_number(number=maria.checking).status == "frozen"
        asked = Approval.objects.get()
        assert (asked.action, asked.subject, asked.reason) == ("account.unfreeze", maria.checking, "it was her son")

    def test_wants_a_reason_for_what_is_exceptional(self, teller: Client, maria: OpenedCustomer) -> None:
        page = send(teller, f"/accounts/{maria.checking}/freeze", reason="  ")

        assert page.context["form"].errors == {"reason": ["Say in a few words why."]}
        assert selectors.account_by_number(number=maria.checking).status == "open"

    def test_is_not_frozen_by_who_may_only_look(self, maria: OpenedCustomer) -> None:
        auditor = sit_down(AUDITOR)

        answers = [auditor.get(f"/accounts/{maria.checking}/freeze"), auditor.post(f"/accounts/{maria.checking}/freeze", {"key": "k"})]

        assert [answer.status_code for answer in answers] == [403, 403]
        assert "/freeze" not in auditor.get(f"/accounts/{maria.checking}").content.decode()

    def test_gets_a_limit_that_two_persons_raise(self, maria: OpenedCustomer) -> None:
        supervisor = sit_down(SUPERVISOR)

        page = send(supervisor, f"/accounts/{maria.checking}/limit", amount="1,500.00", reason="salary")

        assert Approval.objects.get().facts["limit_minor"] == 150_000
        assert "second person" in text_of(page)

    def test_shows_its_limit_as_it_is_read_again_in_the_language(self, maria: OpenedCustomer) -> None:
        Account.objects.filter(number=maria.checking).update(floor_minor=-150_050)
        client, path = sit_down(SUPERVISOR), f"/accounts/{maria.checking}/limit"

        shown = client.get(path, headers={"Accept-Language": "nl"}).context["form"].initial["amount"]
        client.post(path, {"key": "k", "amount": "1500,00", "reason": "lower"}, headers={"Accept-Language": "nl"})

        assert shown == "1500,50"
        assert Account.objects.get(number=maria.checking).floor_minor == -150_000

    def test_money_is_set_aside_until_the_end_of_the_calendar_at_its_field_alone(self, teller: Client, maria: OpenedCustomer) -> None:
        page = send(teller, f"/accounts/{maria.checking}/holds/new", amount="1", purpose="hotel", until="9999-12-31")

        assert list(page.context["form"].errors) == ["until"]

    def test_money_is_set_aside_and_freed(self, teller: Client, maria: OpenedCustomer) -> None:
        until = (timezone.localdate() + timedelta(days=2)).isoformat()

        send(teller, f"/accounts/{maria.checking}/holds/new", amount="200", purpose="hotel", until=until)
        assert held(maria.checking) == "200.00"
        [hold] = selectors.holds_of(number=maria.checking)
        send(teller, f"/holds/{hold.id}/release", reason="left early")

        assert held(maria.checking) == "0.00"

    def test_more_than_there_is_cannot_be_set_aside(self, teller: Client, maria: OpenedCustomer) -> None:
        until = (timezone.localdate() + timedelta(days=2)).isoformat()

        page = send(teller, f"/accounts/{maria.checking}/holds/new", amount="2000", purpose="hotel", until=until)

        assert "The account does not hold enough." in page.context["form"].errors["amount"][0]

    def test_has_its_statement_as_a_file(self, teller: Client, maria: OpenedCustomer) -> None:
        answer = teller.get(f"/accounts/{maria.checking}/statement.csv")

        assert b"1250.00,EUR,1250.00,CASH.EUR" in b"".join(answer)
        assert teller.get("/accounts/NL00NOBODY/statement.csv").status_code == 404


class TestAStatement:
    @pytest.fixture
    def history(self, maria: OpenedCustomer) -> OpenedCustomer:
        now = timezone.now()
        for day in range(3, 0, -1):
            post(move(maria.checking, maria.savings, f"{day}.00"), at=now + timedelta(days=10 - day))
        return maria

    @pytest.mark.parametrize(
        ("query", "amounts"),
        [
            ("", ["-1.00", "-2.00", "-3.00", "+1,250.00"]),
            ("direction=in", ["+1,250.00"]),
            ("text=3.00", ["-3.00"]),
            ("text=cash", ["+1,250.00"]),
            ("since={8}", ["-1.00", "-2.00"]),
            ("until={7}", ["-3.00", "+1,250.00"]),
            ("since={8}&until={8}", ["-2.00"]),
            ("text=nothing", []),
        ],
    )
    def test_is_looked_through(self, teller: Client, history: OpenedCustomer, query: str, amounts: list[str]) -> None:
        today = timezone.localdate()
        days = re.sub(r"\{(\d)\}", lambda day: (today + timedelta(days=int(day[1]))).isoformat(), query)

        page = teller.get(f"/accounts/{history.checking}?{days}")

        assert re.findall(r"money--(?:in|out)\">([+-][\d.,]+)", page.content.decode().replace("\N{MINUS SIGN}", "-")) == amounts

    @pytest.mark.parametrize("days", ["until=9999-12-31", "since=0001-01-01", "since=2026-13-45"])
    def test_refuses_days_of_no_calendar_of_a_bank(self, teller: Client, history: OpenedCustomer, days: str) -> None:
        assert teller.get(f"/accounts/{history.checking}?{days}").status_code == 200
        assert teller.get(f"/transfers?day={days.partition('=')[2]}").status_code == 200

    def test_goes_on_page_by_page_without_losing_or_repeating_a_line(self, teller: Client, maria: OpenedCustomer) -> None:
        for _ in range(60):
            post(move(maria.checking, maria.savings, "0.01"))

        seen, address = [], f"/accounts/{maria.checking}?direction=out"
        for _ in range(5):
            page = teller.get(address)
            seen += [line.seq for line in page.context["lines"]]
            if not page.context["older"]:
                break
            address = f"/accounts/{maria.checking}{page.context['older']}"

        assert seen == list(range(61, 1, -1))

    def test_answers_with_itself_alone_where_the_page_is_there_already(self, teller: Client, maria: OpenedCustomer) -> None:
        part = teller.get(f"/accounts/{maria.checking}?direction=in", headers={"HX-Request": "true"}).content.decode()

        assert "<html" not in part
        assert "+1,250.00" in part


class TestACard:
    def test_is_issued_with_its_number_shown_once(self, teller: Client, maria: OpenedCustomer) -> None:
        page = send(teller, f"/accounts/{maria.checking}/cards/new")

        newest = selectors.find_cards(reach=User.objects.get(username="teller"), number=maria.checking)[0]
        assert re.search(rf"\d{{4}} \d{{4}} \d{{4}} {newest.last_four}", text_of(page))

    def test_is_blocked_unblocked_and_replaced(self, teller: Client, maria: OpenedCustomer) -> None:
        send(teller, f"/cards/{maria.card_id}/block", reason="lost")
        assert Card.objects.get().status == "blocked"
        send(teller, f"/cards/{maria.card_id}/unblock", reason="found")
        assert Card.objects.get().status == "active"
        page = send(teller, f"/cards/{maria.card_id}/replace", reason="worn")

        assert sorted(Card.objects.values_list("status", flat=True)) == ["active", "replaced"]
        assert "only time" in text_of(page)

    def test_number_is_in_no_table(self, teller: Client, maria: OpenedCustomer) -> None:
        page = text_of(send(teller, f"/accounts/{maria.checking}/cards/new"))

        [number] = re.findall(r"Card number ((?:\d{4} ){3}\d{4})", page)
        kept = str(list(AuditEvent.objects.values())) + str(list(Card.objects.values()))
        assert number.replace(" ", "") not in kept


class TestEveryPage:
    @pytest.mark.parametrize("kind", ["customer", "account", "search"])
    def test_asks_the_database_as_often_however_much_there_is(
        self, teller: Client, maria: OpenedCustomer, django_assert_max_num_queries: Any, kind: str
    ) -> None:
        address = {"customer": f"/customers/{maria.id}", "account": f"/accounts/{maria.checking}", "search": "/search?q=maria"}[kind]
        by, now = User.objects.get(username="teller"), timezone.now()
        services.open_customer(name="Maria Bos", phone="+31205550100", by=by, now=now)
        teller.get(address)
        with django_assert_max_num_queries(40) as few:
            teller.get(address)
        for serial in range(4):
            services.open_customer(name=f"Maria Jansen {serial}", phone=f"+3120555100{serial}", by=by, now=now)
            services.open_account(customer_id=maria.id, kind="savings", currency="EUR", by=by, now=now)
            services.issue_card(number=maria.checking, by=by, now=now)
            services.place_hold(number=maria.checking, amount=euros("1.00"), expires_at=now + timedelta(days=1), by=by, now=now)
            post(move(maria.checking, maria.savings, "0.01"))

        with django_assert_max_num_queries(len(few)):
            teller.get(address)

        assert len(few) <= 14
