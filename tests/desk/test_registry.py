"""What every list of the admin must be, whoever adds one: read-only, counted nowhere, changed by deeds alone."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from access.admin import BankAdmin
from access.models import User
from access.roles import ROLES
from access.site import this_bank
from tests.desk.bank import STAFF, browser, customer_account, user
from tests.desk.conftest import Work
from transfers.models import Transfer
from transfers.tests.people import asked as asked_of_us
from transfers.tests.people import receive

LISTS = list(admin.site._registry.values())
MOST_QUERIES = 16
NOT_AT_THE_HEAD_BANK = {  # it has no customers
    "accounts.BalanceStripe",
    "accounts.Card",
    "accounts.Customer",
    "accounts.Hold",
    "accounts.Mandate",
    "accounts.TillSession",
}


def deeds_of(shown: Any) -> Iterator[tuple[str, Any]]:
    """Yield (kind, method) of everything that can be done from a list or a row's page."""
    for kind in ("actions_list", "actions_detail", "actions_row", "actions_submit_line"):
        for name in shown._extract_action_names(getattr(shown, kind)):
            yield kind, getattr(shown, name)


def address(shown: Any, page: str, *arguments: object) -> str:
    opts = shown.model._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=arguments)


@pytest.mark.parametrize("shown", LISTS, ids=lambda shown: shown.model._meta.label)
class TestEveryList:
    def test_is_a_bank_s(self, shown: Any) -> None:
        assert isinstance(shown, BankAdmin)

    def test_lets_nobody_add_change_or_delete(self, shown: Any) -> None:
        request = RequestFactory().get("/")

        assert not any(may(request) for may in (shown.has_add_permission, shown.has_change_permission, shown.has_delete_permission))
        assert shown.actions is None

    def test_offers_deeds_with_a_dialog_for_a_permission_that_a_role_gives(self, shown: Any) -> None:
        granted = frozenset().union(*ROLES.values())

        for kind, deed in deeds_of(shown):
            assert kind in {"actions_list", "actions_detail"}, "Unfold runs the others without asking"
            assert deed.dialog["title"], deed
            assert deed.allowed_permissions, deed
            assert set(deed.allowed_permissions) <= granted, deed


GROWING = [shown for shown in LISTS if shown.search_fields and all(field.startswith("=") for field in shown.search_fields)]


@pytest.mark.usefixtures("bank")
class TestASearchForWholeWords:
    @pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite tells its plans otherwise")
    @pytest.mark.parametrize("shown", GROWING, ids=lambda shown: shown.model._meta.label)
    def test_reads_no_table_through(self, shown: Any) -> None:
        rows, _ = shown.get_search_results(_request("supervisor"), shown.model._default_manager.order_by(), str(uuid4()))

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # the planner of a few rows would rather read through
            plan = rows.explain()

        assert f"Seq Scan on {shown.model._meta.db_table}" not in plan, plan

    def test_finds_a_row_however_it_is_typed(self) -> None:
        number = customer_account().number
        transfer = str(Transfer.objects.filter(debtor_number=number).latest("id").id)
        grouped = " ".join(number[place : place + 4].lower() for place in range(0, len(number), 4))
        client = browser("auditor")

        def found(page: str, text: str) -> list[Any]:
            return list(client.get(page, {"q": text}).context["cl"].result_list)

        assert {str(row.id) for row in found("/admin/transfers/transfer/", f" {transfer.upper()} ")} == {transfer}
        assert {row.number for row in found("/admin/accounts/account/", grouped)} == {number}
        assert transfer in {str(row.id) for row in found("/admin/transfers/transfer/", grouped)}
        assert {str(row.transfer_id) for row in found("/admin/transfers/transferevent/", transfer)} == {transfer}
        assert found("/admin/transfers/transfer/", "no id") == []
        receive(theirs := asked_of_us(creditor_iban=number))
        assert [row.kind for row in found("/admin/transfers/transfer/", str(theirs.id))] == ["incoming"]
        [holder] = {row.name for row in found("/admin/accounts/customer/", "jans mar")}
        assert holder == "Maria Jansen"


class TestTheDesk:
    def test_asks_a_fixed_number_of_times_for_each_page_and_counts_nothing(self, site: Work) -> None:
        before = asked()
        site(3)
        after = asked()

        assert {page: len(sql) for page, sql in after.items()} == {page: len(sql) for page, sql in before.items()}
        assert {page: len(sql) for page, sql in after.items() if len(sql) > MOST_QUERIES} == {}
        counting = {page: each for page, sql in after.items() for each in sql if "COUNT(*)" in each.upper() or "DISTINCT" in each.upper()}
        assert {page: each for page, each in counting.items() if page != "first page" or "posting" in each} == {}

    def test_is_all_to_be_seen_by_the_auditor(self, site: Work) -> None:
        request = _request("auditor")
        seen = {shown.model._meta.label for shown in LISTS if shown.has_view_permission(request)}
        other = {"transfers", "webhooks"} if this_bank().is_head_bank else {"headbank"}
        unseen = {shown.model._meta.label for shown in LISTS if shown.model._meta.app_label not in other} - seen

        assert unseen <= (NOT_AT_THE_HEAD_BANK if this_bank().is_head_bank else set())


def asked() -> dict[str, list[str]]:
    """Return what each list, each row's page and the first page asks of the database, by who may see it."""
    found: dict[str, list[str]] = {}
    ContentType.objects.get_for_models(*(shown.model for shown in LISTS))  # a process asks for these once

    def look(name: str, page: str, path: str) -> None:
        client = browser(name)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200, page
        found[page] = [query["sql"] for query in queries]

    staff = [name for name in STAFF.values() if User.objects.filter(username=name).exists()]
    requests = {name: _request(name) for name in staff}
    for shown in LISTS:
        name = next((name for name in staff if shown.has_view_permission(requests[name])), None)
        if name is not None:
            key = shown.model._default_manager.order_by("pk").values_list("pk", flat=True).first()
            look(name, shown.model._meta.label, address(shown, "changelist"))
            if key is not None:
                look(name, f"a row of {shown.model._meta.label}", address(shown, "change", key))
    look("supervisor", "first page", "/admin/")
    return found


def _request(name: str) -> Any:
    request = RequestFactory().get("/")
    request.user = user(name)
    return request
