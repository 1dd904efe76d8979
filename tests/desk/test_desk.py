"""What staff do at the desk, role by role: what it shows, what it lets them take away, what it never lets anybody change."""

import csv
import io
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import F

from access.models import Approval, AuditEvent
from access.roles import ADMINISTRATOR, AUDITOR, SUPERVISOR
from accounts.models import Account, Customer, Hold, Posting
from headbank.models import Bank, BankKey, Window
from messaging.models import DeadLetter
from tests.desk.bank import STAFF, browser, customer_account
from tests.desk.conftest import Work
from tests.desk.test_registry import address, deeds_of
from transfers.models import Transfer, TransferEvent

JOURNAL = (Posting, Transfer, TransferEvent, AuditEvent, Account, Customer, Hold, DeadLetter, Approval, Bank, BankKey, Window)
REASON = {"reason": "the annual audit"}


def everything() -> dict[str, list[Any]]:
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in JOURNAL}


def number_of(text: str) -> int:
    """Return the number a tile begins with."""
    return int(text.partition(" ")[0].replace(",", ""))


def lines_of(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))


class TestNobody:
    @pytest.mark.parametrize(
        ("site", "name"), [*(("bank", name) for name in STAFF.values()), ("head_bank", "supervisor")], indirect=["site"]
    )
    def test_changes_anything_by_the_forms_of_django(self, site: Work, name: str) -> None:
        client, before = browser(name), everything()

        for shown in admin.site._registry.values():
            key = shown.model._default_manager.order_by("pk").values_list("pk", flat=True).first()
            pages = [address(shown, "add"), address(shown, "changelist")]
            pages += [address(shown, page, key) for page in ("change", "delete")] if key is not None else []
            for page in pages:
                client.post(page, {"action": "delete_selected", "_selected_action": [str(key)], "post": "yes", "amount_minor": 1})

        assert everything() == before

    def test_does_a_deed_by_looking(self, site: Work) -> None:
        client, before = browser("supervisor"), everything()

        for shown in admin.site._registry.values():
            key = shown.model._default_manager.order_by("pk").values_list("pk", flat=True).first()
            for kind, deed in deeds_of(shown):
                if kind == "actions_list" or key is not None:
                    client.get(address(shown, deed.original_function_name, *([key] if kind == "actions_detail" else [])))

        assert everything() == before

    def test_does_a_deed_without_its_permission(self, site: Work) -> None:
        client, before = browser("auditor"), everything()

        for shown in admin.site._registry.values():
            key = shown.model._default_manager.order_by("pk").values_list("pk", flat=True).first()
            for kind, deed in deeds_of(shown):
                if deed.original_function_name != "export" and (kind == "actions_list" or key is not None):
                    answer = client.post(address(shown, deed.original_function_name, *([key] if kind == "actions_detail" else [])), REASON)
                    assert answer.status_code == 403, deed

        assert everything() == before


class TestTheFirstPage:
    def test_leads_from_each_number_to_its_rows(self, site: Work) -> None:
        site(2)
        client = browser(STAFF[SUPERVISOR])

        context = client.get("/admin/").context
        counts = {tile: number_of(tile.value) for tile in context["tiles"] if tile.value.isdigit()}
        counts |= {tile: number_of(tile.detail) for tile in context["tiles"] if tile.label == "Oldest unsent message"}
        rows = {tile: client.get(tile.link).context["cl"].result_list for tile in context["tiles"]}

        assert len(counts) >= 5
        assert {tile.label: len(rows[tile]) for tile in counts} == {tile.label: count for tile, count in counts.items()}
        for tile in context["tiles"]:
            if tile.label == "Volume today":
                moved = sum(transfer.amount_minor for transfer in rows[tile] if transfer.currency == "EUR")
                assert tile.value == f"{moved / 100:,.2f} EUR"
            elif tile.label == "Settlement":
                assert [window.status for window in rows[tile]] == [tile.value]
        for exchange in context["exchanges"]:
            for link, written in ((exchange.came_link, exchange.came), (exchange.went_link, exchange.went)):
                moved = sum(transfer.amount_minor for transfer in client.get(link).context["cl"].result_list)
                assert written == f"{moved / 100:,.2f}"

    def test_says_when_the_books_do_not_balance(self, bank: None) -> None:
        Account.objects.filter(pk=customer_account().pk).update(balance_minor=F("balance_minor") + 1)

        tiles = {tile.label: tile for tile in browser("auditor").get("/admin/").context["tiles"]}

        assert tiles["Books"].is_bad
        assert tiles["Books"].value.startswith("off by")


class TestAnExport:
    def test_holds_the_rows_of_the_filter_and_leaves_a_trace(self, bank: None) -> None:
        client = browser(STAFF[AUDITOR])

        answer = client.post("/admin/transfers/transfer/export/", REASON | {"file_format": "csv", "filters": "status__exact=pending"})

        header, *rows = lines_of(answer)
        assert [row[header.index("status")] for row in rows] == ["pending"]
        trail = AuditEvent.objects.get(action="list.exported")
        assert (trail.actor.get_username(), trail.after["filters"], trail.reason) == (  # type: ignore[union-attr]  # somebody did it
            "auditor",
            {"status__exact": "pending"},
            "the annual audit",
        )

    def test_gives_a_spreadsheet_nothing_to_run(self, bank: None) -> None:
        Customer.objects.filter(accounts=customer_account()).update(name="=HYPERLINK(1)")

        answer = browser("auditor").post("/admin/accounts/customer/export/", REASON | {"file_format": "csv", "filters": ""})

        cells = [cell for row in lines_of(answer) for cell in row]
        assert "'=HYPERLINK(1)" in cells
        assert [cell for cell in cells if cell.startswith(("=", "+", "@"))] == []

    def test_comes_as_a_spreadsheet_too(self, bank: None) -> None:
        answer = browser("auditor").post("/admin/accounts/account/export/", REASON | {"file_format": "xlsx", "filters": ""})

        assert answer.content.startswith(b"PK")

    def test_is_nothing_for_the_teller(self, bank: None) -> None:
        answer = browser("teller").post("/admin/accounts/account/export/", REASON | {"file_format": "csv", "filters": ""})

        assert answer.status_code == 403


class TestCustomers:
    def test_are_masked_for_who_need_not_know_them_and_revealed_with_a_trace(self, bank: None) -> None:
        client, number = browser(STAFF[ADMINISTRATOR]), customer_account().number
        event = AuditEvent.objects.filter(subject=number).order_by("pk")[0]

        listed = client.get(f"/admin/access/auditevent/?q={number}").content.decode()
        page = client.get(f"/admin/access/auditevent/{event.pk}/change/").content.decode()
        revealed = client.post(f"/admin/access/auditevent/{event.pk}/reveal/", REASON).content.decode()

        assert f"{number[:4]}••••{number[-4:]}" in listed
        assert f">{number}<" not in listed
        assert number not in page
        assert number in revealed
        assert AuditEvent.objects.get(action="customer-data.revealed").subject == f"access.auditevent:{event.pk}"

    def test_are_not_masked_for_the_auditor(self, bank: None) -> None:
        number = customer_account().number

        page = browser(STAFF[AUDITOR]).get(f"/admin/access/auditevent/?q={number}").content.decode()

        assert "••••" not in page


class TestADeadLetter:
    def test_is_tried_again_when_two_persons_want_it(self, bank: None) -> None:
        letter = DeadLetter.objects.get()
        page = f"/admin/messaging/deadletter/{letter.pk}/"

        first = browser("supervisor")
        first.post(f"{page}redrive/", {"reason": "the key is known now"})
        again = first.post(f"{page}redrive/", {"reason": "the key is known now"}).content.decode()
        shown = first.get(f"{page}change/").content.decode()
        assert "somebody else must decide" in again
        assert "6e 6f 20 65 6e 76 65 6c 6f 70 65" in shown
        assert "asked by supervisor (the key is known now)" in shown
        assert DeadLetter.objects.get().status == "open"

        browser("deputy").post(f"{page}redrive/", {"reason": "agreed"})

        assert DeadLetter.objects.get().status == "redriving"
