"""Every page of the counter asks its database equally often, whatever there is to show: a page without a row here fails."""

from collections.abc import Iterator, Mapping, Sequence

import pytest
from axes.utils import reset
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone

import transfers.services
from access.models import Approval
from accounts.models import Card, Hold
from accounts.numbers import till_of
from banksite.urls import pages
from tests.desk.bank import browser, customer_account, furnish, user, work
from transfers.models import PaymentsFile, Transfer
from transfers.payments_file import COLUMNS

MOST_QUERIES = 20
TELLER, SUPERVISOR = "teller", "supervisor"

# Who opens it, the rest of its address, and what is looked for there.
ROWS: Mapping[str, tuple[str, str]] = {
    "home": (TELLER, ""),
    "search": (TELLER, "?q=BNKA00000000"),
    "approvals-waiting": (SUPERVISOR, ""),
    "approval-decide": (SUPERVISOR, ""),
    **dict.fromkeys(("accounts:customer-new", "accounts:customer", "accounts:customer-change"), (TELLER, "")),
    "accounts:customer-close": (SUPERVISOR, ""),
    **dict.fromkeys(("accounts:account-new", "transfers:account", "accounts:statement-csv", "accounts:account-freeze"), (TELLER, "")),
    **dict.fromkeys(("accounts:account-unfreeze", "accounts:account-limit"), (SUPERVISOR, "")),
    **dict.fromkeys(("accounts:account-close", "accounts:hold-new", "accounts:card-issue", "accounts:hold-release"), (TELLER, "")),
    **dict.fromkeys(("accounts:card-block", "accounts:card-unblock", "accounts:card-replace"), (TELLER, "")),
    **dict.fromkeys(("transfers:deposit", "transfers:withdraw", "transfers:pay"), (TELLER, "")),
    "transfers:creditor": (TELLER, "?creditor=NL73BNKB0000000007"),
    "transfers:list": (TELLER, "?kind=deposit"),
    **dict.fromkeys(("transfers:transfer", "transfers:story", "transfers:done", "transfers:cancel", "transfers:reverse"), (TELLER, "")),
    **dict.fromkeys(("transfers:files", "transfers:file-new", "transfers:file", "transfers:file-outcomes"), (TELLER, "")),
    "transfers:statement-pdf": (TELLER, ""),
    **dict.fromkeys(("transfers:till", "transfers:till-open", "transfers:till-carry", "transfers:till-count"), (TELLER, "")),
    "transfers:till-close": (TELLER, ""),
    "transfers:day": (SUPERVISOR, ""),
}
LEADS_ELSEWHERE = {"transfers:receipt", "transfers:file-go-on", "transfers:today"}


def routes(patterns: Sequence[object], space: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield name and parameters of all pages below some patterns."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else space)
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}", list(pattern.pattern.converters)


PAGES = dict(routes(pages))


@pytest.fixture
def bank(db: None) -> Iterator[None]:
    """Open a bank with something of everything."""
    cache.clear()
    lay_out()
    yield
    reset()


def lay_out() -> None:
    """Have something of everything that the pages show: a till, a file, a hold, a question."""
    furnish()
    transfers.services.open_till(currency="EUR", float_minor=10_000, by=user(TELLER), now=timezone.now())
    upload(3)


def upload(lines: int) -> None:
    """Let the teller upload a file of so many lines."""
    number = customer_account().number
    rows = [f"{place},{number},NL73BNKB0000000007,Jonas,1.00,EUR," for place in range(lines)]
    content = "\n".join([",".join(COLUMNS), *rows]).encode()
    transfers.services.check_file(name="wages.csv", content=content, by=user(TELLER), now=timezone.now())


def known() -> dict[str, object]:
    """Return what addresses name."""
    account = customer_account()
    return {
        "number": account.number,
        "customer_id": account.customer_id,
        "card_id": Card.objects.get(account=account).id,
        "hold_id": Hold.objects.filter(account=account, expires_at__isnull=False).latest("id").id,
        "transfer_id": Transfer.objects.filter(kind="outgoing").latest("id").id,
        "file_id": PaymentsFile.objects.latest("uploaded_at").id,
        "approval_id": Approval.objects.latest("id").id,
        "day": timezone.localdate(),
    }


def address(route: str, named: Mapping[str, object]) -> str:
    """Return where a route leads; the number of a till is no account's."""
    numbers = {"number": till_of(user(TELLER).pk, "EUR")} if route.startswith("transfers:till") else {}
    return reverse(route, kwargs={name: {**named, **numbers}[name] for name in PAGES[route]}) + ROWS[route][1]


class TestEveryPage:
    def test_has_a_row(self) -> None:
        assert PAGES.keys() - LEADS_ELSEWHERE == ROWS.keys()

    def test_asks_equally_often_of_much_as_of_little(self, bank: None) -> None:
        clients = {name: browser(name) for name in (TELLER, SUPERVISOR)}
        for client in clients.values():
            client.get("/")  # the first page of a session reads more

        few = asked(clients, known())
        work(3)
        upload(30)
        many = asked(clients, known())

        assert many == few
        assert {route: number for route, number in few.items() if number > MOST_QUERIES} == {}


def asked(clients: Mapping[str, Client], named: Mapping[str, object]) -> dict[str, int]:
    """Return how often each page asks."""
    found = {}
    for route, (name, _) in ROWS.items():
        where = address(route, named)
        with CaptureQueriesContext(connection) as queries:
            answer = clients[name].get(where)
            answer.getvalue()
        assert answer.status_code == 200, (route, where, answer.status_code)
        found[route] = len(queries)
    return found
