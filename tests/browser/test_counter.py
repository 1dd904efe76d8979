"""A day at the counter, as a teller and a supervisor live it."""

import pytest
from playwright.sync_api import Error, Page, expect
from pytest_django.fixtures import Settings

from tests.browser.conftest import Desk, Watch
from tests.browser.counter import ZOE, account_of, balance_of, is_well_made, neighbour_says, open_neighbour, open_till
from transfers.models import Transfer

pytestmark = pytest.mark.browser
MARIA, NOOR = "Maria Jansen", "Noor de Vries"


def fill_payment(page: Page, *, creditor: str, amount: str = "12.50", name: str = "Zoë") -> None:
    page.goto("/pay")
    page.get_by_label("From account").fill(account_of(MARIA))
    page.get_by_label("To account").fill(creditor)
    page.get_by_label("Name of who is paid").fill(name)
    page.get_by_label("Amount").fill(amount)


def confirm(page: Page, button: str) -> None:
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name=button).click()


class TestATransferToAnotherBank:
    def test_is_told_while_typing_followed_to_its_credit_and_printed(self, desk: Desk) -> None:
        open_neighbour()
        page = desk("teller")
        fill_payment(page, creditor=ZOE)
        expect(page.get_by_text("Leaves for Bank B.")).to_be_visible()
        is_well_made(page, "pay")

        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", name="Check your answers")).to_be_visible()
        expect(page.get_by_text("Leaves for Bank B.")).to_be_visible()
        is_well_made(page, "pay-check")
        page.get_by_role("button", name="Pay", exact=True).click()
        expect(page.get_by_role("heading", name="On its way")).to_be_visible()
        is_well_made(page, "pay-done")

        page.get_by_role("link", name="Follow it").click()
        expect(page.get_by_text("the money is on its way")).to_be_visible()
        is_well_made(page, "transfer-pending")
        neighbour_says("credited")
        expect(page.get_by_text("Credited at Bank B.")).to_be_visible(timeout=15_000)

        page.get_by_role("button", name="Receipt, 80 mm").click()
        expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
        expect(page.get_by_text("COPY", exact=True)).to_have_count(0)
        is_well_made(page, "receipt")
        page.get_by_role("link", name="Back to the transfer").click()
        page.get_by_role("button", name="Receipt, A4").click()
        expect(page.get_by_text("COPY", exact=True)).to_be_visible()
        is_well_made(page, "receipt-a4")

    def test_comes_back_when_the_other_bank_refuses_it(self, desk: Desk) -> None:
        open_neighbour()
        before = balance_of(account_of(MARIA))
        page = desk("teller")
        fill_payment(page, creditor=ZOE)
        confirm(page, "Pay")
        expect(page.get_by_role("heading", name="On its way")).to_be_visible()

        neighbour_says("rejected", "AC01")
        page.get_by_role("link", name="Follow it").click()

        expect(page.get_by_text("The money is back on the account.")).to_be_visible()
        expect(page.get_by_text("There is no such account. (AC01)")).to_be_visible()
        is_well_made(page, "transfer-rejected")
        assert balance_of(account_of(MARIA)) == before

    def test_can_be_asked_to_be_cancelled(self, desk: Desk) -> None:
        open_neighbour()
        page = desk("teller")
        fill_payment(page, creditor=ZOE)
        confirm(page, "Pay")
        page.get_by_role("link", name="Follow it").click()
        page.get_by_role("link", name="Cancel the transfer").click()
        page.get_by_label("Why?").fill("the customer changed her mind")
        is_well_made(page, "cancel")
        page.get_by_role("button", name="Ask to cancel").click()

        expect(page.get_by_text("Bank B was asked to cancel it.")).to_be_visible()
        neighbour_says("rejected", "CUST")
        expect(page.get_by_text("Bank B cancelled it.")).to_be_visible(timeout=15_000)


class TestALargeTransfer:
    def test_is_approved_by_a_second_person(self, desk: Desk, settings: Settings) -> None:
        settings.SITE = settings.SITE | {"approval_limits": {"EUR": 100_000}}
        noor, before = account_of(NOOR), balance_of(account_of(NOOR))
        teller, supervisor = desk("teller"), desk("supervisor")
        fill_payment(teller, creditor=noor, amount="2,000.00", name=NOOR)
        teller.get_by_role("button", name="Continue").click()
        expect(teller.get_by_text("a second person has to approve it")).to_be_visible()
        is_well_made(teller, "pay-check-large")
        teller.get_by_role("button", name="Pay", exact=True).click()
        expect(teller.get_by_role("heading", name="Waits for approval")).to_be_visible()

        supervisor.goto("/approvals")
        is_well_made(supervisor, "approvals")
        supervisor.get_by_role("link", name="Pay inside the bank").click()
        supervisor.get_by_label("Agree: it is done at once").check()
        is_well_made(supervisor, "approval")
        supervisor.get_by_role("button", name="Decide").click()
        expect(supervisor.get_by_text("Agreed, and done.")).to_be_visible()

        assert balance_of(noor) == before + 200_000


class TestATill:
    def test_lives_from_float_to_count_and_the_day_is_closed(self, desk: Desk) -> None:
        teller, supervisor = desk("teller"), desk("supervisor")
        teller.goto("/deposit")
        expect(teller.get_by_text("You have no open till")).to_be_visible()
        is_well_made(teller, "deposit-no-till")
        teller.get_by_role("link", name="Open your till").click()
        is_well_made(teller, "till-open")
        open_till(teller)
        _cash(teller, "deposit", "100", "Take in the cash")
        _cash(teller, "withdraw", "40", "Pay out the cash")
        teller.goto("/till")
        expect(teller.get_by_role("row", name="Should be in the till")).to_contain_text("560.00")
        is_well_made(teller, "till")
        teller.get_by_role("link", name="Fetch or bring back cash").click()
        is_well_made(teller, "till-carry")
        teller.get_by_label("From the till into the vault").check()
        teller.get_by_label("Amount").fill("60")
        teller.get_by_role("button", name="Carry").click()

        teller.get_by_role("link", name="Count the till").click()
        teller.get_by_label("Counted cash").fill("499")
        teller.get_by_role("button", name="Hand in the count").click()
        expect(teller.get_by_text("A reason is needed.").first).to_be_visible()
        is_well_made(teller, "till-count")
        teller.get_by_label("Explanation").fill("one coin too much in the change")
        teller.get_by_role("button", name="Hand in the count").click()
        expect(teller.get_by_text("The count differs.")).to_be_visible()
        is_well_made(teller, "till-counted")

        supervisor.goto("/day")
        supervisor.get_by_role("button", name="Close the day").click()
        expect(supervisor.get_by_text("Not every till is closed.").first).to_be_visible()
        is_well_made(supervisor, "day-refused")
        supervisor.goto("/approvals")
        supervisor.get_by_role("link", name="Adjust the bank's own accounts").click()
        supervisor.get_by_label("Agree: it is done at once").check()
        supervisor.get_by_role("button", name="Decide").click()
        teller.get_by_role("link", name="Close the till").click()
        is_well_made(teller, "till-close")
        teller.get_by_role("button", name="Close the till").click()
        expect(teller.get_by_text("You have no open till.")).to_be_visible()

        supervisor.goto("/day")
        is_well_made(supervisor, "day")
        supervisor.get_by_role("button", name="Close the day").click()
        expect(supervisor.get_by_text("The books were checked: they are right.")).to_be_visible()
        is_well_made(supervisor, "day-closed")
        assert balance_of("SUSPENSE.EUR") == -100


def _cash(page: Page, way: str, amount: str, button: str) -> None:
    """Move cash over the counter."""
    page.goto(f"/{way}")
    page.get_by_role("textbox", name="Account").fill(account_of(MARIA))
    page.get_by_label("Amount").fill(amount)
    is_well_made(page, way)
    page.get_by_role("button", name="Continue").click()
    is_well_made(page, f"{way}-check")
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()


class TestDoingItTwice:
    def test_neither_back_nor_a_double_click_nor_reloading_moves_money_again(self, desk: Desk, watch: Watch) -> None:
        page = desk("teller")
        fill_payment(page, creditor=account_of(NOOR), name=NOOR)
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Pay", exact=True).dblclick()
        expect(page.get_by_role("heading", name="Done")).to_be_visible()
        page.reload()
        with pytest.raises(Error, match="ERR_CACHE_MISS"):  # the browser kept nothing that could be sent again
            page.go_back()
        watch.troubles.clear()

        assert Transfer.objects.filter(kind="internal").count() == 1


class TestWithoutScripts:
    def test_a_transfer_is_made_checked_changed_and_done(self, desk: Desk) -> None:
        open_neighbour()
        page = desk("teller", scripts=False)
        fill_payment(page, creditor=ZOE, amount="12.50")
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_text("Leaves for Bank B.")).to_be_visible()
        page.get_by_role("button", name="Change").click()
        page.get_by_label("Amount").fill("1,000,000.00")
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_text("The account does not hold enough.").first).to_be_visible()
        page.get_by_label("Amount").fill("13.50")
        confirm(page, "Pay")

        expect(page.get_by_role("heading", name="On its way")).to_be_visible()
        assert Transfer.objects.get(kind="outgoing").amount_minor == 1_350

    def test_the_list_is_filtered(self, desk: Desk) -> None:
        page = desk("auditor", scripts=False)
        page.goto("/transfers")
        expect(page.get_by_role("row")).to_have_count(13)
        page.get_by_role("textbox", name="Account").fill(account_of(MARIA))
        page.get_by_role("button", name="Show", exact=True).click()

        expect(page.get_by_role("row")).to_have_count(2)


class TestWithTheKeyboardAlone:
    def test_cash_is_taken_in_and_a_transfer_made(self, desk: Desk) -> None:
        page = desk("teller")
        open_till(page)
        page.goto("/deposit")
        expect(page.locator("#id_account")).to_be_focused()  # the browser puts it there with its first picture, after the page has loaded
        for text in (account_of(MARIA), "25", "pocket money"):
            page.keyboard.type(text)
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Check your answers")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Done")).to_be_visible()

        page.goto("/pay")
        expect(page.locator("#id_debtor")).to_be_focused()
        for text in (account_of(MARIA), account_of(NOOR), NOOR, "12.50", "rent"):
            page.keyboard.type(text)
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Check your answers")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("heading", name="Transfer")).to_be_visible()
        page.get_by_label("Amount").press("Enter")
        expect(page.get_by_role("heading", name="Check your answers")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Done")).to_be_visible()

        assert sorted(Transfer.objects.filter(asked_by__username="teller").exclude(reference="First deposit").values_list("kind")) == [
            ("deposit",),
            ("float",),
            ("internal",),
        ]
