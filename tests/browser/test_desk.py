"""The admin desk in a real browser: dialogs work under the site's own content security policy, say what will happen, and ask why."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from access.models import AuditEvent
from accounts.models import Account
from tests.browser.desk import Desk
from tests.desk.bank import customer_account, furnish


@pytest.fixture
def desk(transactional_db: None, live_server: LiveServer, page: Page) -> Iterator[Desk]:
    furnish()
    desk = Desk(page, live_server)
    yield desk
    assert desk.trouble() == []


@pytest.mark.browser
class TestADialog:
    def test_says_what_will_happen_asks_why_and_does_it(self, desk: Desk) -> None:
        account = customer_account()
        page = desk.sign_in("supervisor").open(f"/admin/accounts/account/{account.pk}/change/")

        page.get_by_role("button", name="Freeze this account").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(f"nothing leaves {account.number} of {account.holder_name}")
        expect(dialog.get_by_label("Reason")).to_be_focused()
        assert desk.violations() == []
        dialog.get_by_role("button", name="Freeze").click()
        expect(dialog).to_contain_text("Say in a few words why.")
        dialog.get_by_label("Reason").fill("court order 12/2026")
        dialog.get_by_role("button", name="Freeze").click()

        expect(page.get_by_text(f"Nothing leaves {account.number} any more.")).to_be_visible()
        expect(page.get_by_role("button", name="Freeze this account", exact=True)).to_have_count(0)
        assert Account.objects.get(pk=account.pk).status == "frozen"
        assert (
            AuditEvent.objects.get(action="account.frozen", subject=account.number, actor__username="supervisor").reason
            == "court order 12/2026"
        )

    def test_shows_a_refusal_with_its_advice_and_keeps_what_was_typed(self, desk: Desk) -> None:
        account = customer_account()
        page = desk.sign_in("supervisor").open(f"/admin/accounts/account/{account.pk}/change/")

        desk.do("Close this account", reason="leaves us", submit="Close for good")

        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("alert")).to_contain_text("not empty")
        expect(dialog.get_by_label("Reason")).to_have_value("leaves us")
        assert Account.objects.get(pk=account.pk).status == "open"
