"""What an endpoint costs does not grow: as many queries in a bank with a history as in a young one."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import User
from access.roles import TELLER
from accounts.models import Account
from accounts.services import issue_card, place_hold
from accounts.tests.people import CASH, euros, move, open_anna, post
from tests.api.bank import Api
from tests.api.test_matrix import TABLE, Cast, cast  # noqa: F401  # a fixture
from transfers import services
from transfers.orders import Deposit, Order, Payment

MORE = 25
Costs = dict[tuple[str, str], int]


def order(debtor: str, creditor: str) -> dict[str, object]:
    return {"debtor": debtor, "creditor": creditor, "creditor_name": "A", "amount": {"amount_minor": 1, "currency": "EUR"}}


def count(asked: CaptureQueriesContext) -> int:
    """Return how many queries a request took, without the tokens' keys, which are read again every few seconds."""
    return sum("messaging_ownkey" not in query["sql"] for query in asked.captured_queries)


def costs_of_the_table(api: Api, people: Cast) -> Costs:
    """Return the queries of every address and method, asked by somebody who may; what would change something is rehearsed."""
    costs = {}
    for (address, method), row in TABLE.items():
        if row.is_open:
            continue
        token = people.tokens[TELLER if TELLER in row.may else min(row.may)]
        body = None if method == "GET" else {name: filled(value, people) for name, value in row.body.items()}
        with CaptureQueriesContext(connection) as asked:
            answer = api.ask(method, people.path(address, rehearsed=method != "GET"), body, token=token)
            b"".join(answer.streaming_content) if answer.streaming else answer.content
        costs[address, method] = count(asked)
    return costs


def filled(value: object, people: Cast) -> object:
    return people.filled(value) if isinstance(value, str) else value


def costs_of_orders(api: Api, people: Cast, *, together: int) -> Mapping[str, int]:
    """Return the queries of a payment, of cash in and out, and of a batch of so many payments."""
    anna, bram = Account.objects.filter(customer__isnull=False).order_by("id").values_list("number", flat=True)[:2]
    cash = {"account": anna, "amount": {"amount_minor": 1, "currency": "EUR"}}
    bodies = {
        "transfers": order(anna, bram),
        "deposits": cash,
        "withdrawals": cash,
        "transfer-batches": {"transfers": [order(anna, bram)] * together},
    }
    costs = {}
    for address, body in bodies.items():
        with CaptureQueriesContext(connection) as asked:
            answer = api.post(f"/api/v1/{address}", body, token=people.tokens[TELLER], key=str(uuid4()))
        assert answer.status_code in {200, 201}, answer.content
        costs[address] = count(asked)
    return costs


def live(people: Cast) -> None:
    """Let the bank have more of everything: customers, accounts, cards, holds, postings, transfers."""
    tess, anna = User.objects.get(username="teller"), people.places["<str:number>"]
    now = timezone.now()
    for place in range(MORE):
        opened = open_anna(tess, name=f"Anna {place}", phone=f"+31 6 2000 {place:04}")
        post(move(CASH, opened.checking, "1.00"), move(CASH, anna, "1.00"), at=now)
        place_hold(number=anna, amount=euros("0.01"), expires_at=now + timedelta(days=1), by=tess, now=now)
        issue_card(number=anna, by=tess, now=now)
        orders: list[Order] = [
            Deposit(account=anna, amount=euros("1.00")),
            Payment(debtor=anna, creditor=opened.checking, creditor_name="A", amount=euros("0.10")),
        ]
        services.submit(orders=orders, by=tess, now=now)


@pytest.mark.django_db
class TestEveryEndpoint:
    def test_costs_the_same_in_a_bank_with_a_history(self, api: Api, cast: Cast) -> None:  # noqa: F811  # the fixture
        costs_of_the_table(api, cast), costs_of_orders(api, cast, together=1)  # what is looked up once a process is known then
        young, first = costs_of_the_table(api, cast), costs_of_orders(api, cast, together=1)
        live(cast)

        old, later = costs_of_the_table(api, cast), costs_of_orders(api, cast, together=20)

        assert {place: (young[place], old[place]) for place in young if young[place] != old[place]} == {}
        assert later == first
