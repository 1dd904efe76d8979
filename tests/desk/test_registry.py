"""What every list of the admin must be, whoever adds one: read-only, counted nowhere, changed by deeds alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from access.admin import BankAdmin
from access.roles import ROLES
from tests.desk.bank import STAFF, browser, user, work

LISTS = list(admin.site._registry.values())
MOST_QUERIES = 14


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


class TestTheLists:
    def test_ask_a_fixed_number_of_times_and_count_nothing(self, bank: None) -> None:
        def asked() -> dict[str, list[str]]:
            found = {}
            for shown in LISTS:
                client = browser(next((name for name in STAFF.values() if shown.has_view_permission(_request(name))), "auditor"))
                with CaptureQueriesContext(connection) as queries:
                    client.get(address(shown, "changelist"))
                found[shown.model._meta.label] = [query["sql"] for query in queries]
            return found

        before = asked()
        work(3)
        after = asked()

        assert {label: len(sql) for label, sql in after.items()} == {label: len(sql) for label, sql in before.items()}
        assert {label: len(sql) for label, sql in after.items() if len(sql) > MOST_QUERIES} == {}
        slow = {label: each for label, sql in after.items() for each in sql if "COUNT(" in each.upper() or "DISTINCT" in each.upper()}
        assert slow == {}


def _request(name: str) -> Any:
    request = RequestFactory().get("/")
    request.user = user(name)
    return request
