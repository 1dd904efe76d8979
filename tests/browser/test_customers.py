"""A teller serves a customer, from the box to the card, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.browser.looking import flaws


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


@pytest.mark.browser
class TestATeller:
    def test_opens_a_customer_by_keyboard_alone(self, desk: Desk) -> None:
        page = desk("teller")
        page.goto("/")

        page.keyboard.press("/")
        expect(page.locator("#box")).to_be_focused()
        page.keyboard.type("Zebedee Jones")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Nothing fits")).to_be_visible()
        expect(page.locator("#box")).to_be_focused()
        assert flaws(page) == ""
        page.get_by_role("link", name="Open a customer").press("Enter")

        heading(page, "Open a customer")
        expect(page.locator("#id_name")).to_be_focused()
        assert flaws(page) == ""
        expect(page.get_by_label("Full name")).to_have_value("Zebedee Jones")
        page.keyboard.press("Tab")
        page.keyboard.type("12")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("This is no phone number.")
        expect(page.get_by_role("alert")).to_be_focused()
        assert flaws(page) == ""
        page.get_by_role("alert").get_by_role("link").first.press("Enter")
        expect(page.locator("#id_phone")).to_be_focused()
        page.keyboard.press("Control+a")
        page.keyboard.type("+31 6 1234 9999")
        page.keyboard.press("Enter")

        heading(page, "Zebedee Jones banks here now")
        expect(page.get_by_text(re.compile(r"(\d{4} ){3}\d{4}"))).to_be_visible()
        assert flaws(page) == ""
        page.keyboard.press("Escape")
        heading(page, "Zebedee Jones")
        assert flaws(page) == ""

    def test_finds_while_typing(self, desk: Desk) -> None:
        page = desk("teller")
        page.goto("/search?q=Ma")

        page.get_by_role("searchbox").fill("Mar")
        expect(page.get_by_role("link", name="Maria Jansen")).to_be_visible()
        assert flaws(page) == ""
        page.get_by_role("searchbox").fill("BNKA00000000")
        expect(page.get_by_role("heading", name="Accounts")).to_be_visible()
        assert flaws(page) == ""

    @pytest.mark.parametrize("scripts", [True, False])
    def test_looks_through_an_account_freezes_it_and_replaces_its_card(self, desk: Desk, scripts: bool) -> None:
        page = desk("teller", scripts=scripts)
        page.goto("/search?q=Maria+Jansen")
        heading(page, "Maria Jansen")
        page.get_by_role("table").get_by_role("link").first.click()

        heading(page, re.compile("^Checking"))
        expect(page.get_by_role("cell", name="CASH.EUR")).to_be_visible()
        page.get_by_label("Direction").select_option("Money out")
        if not scripts:
            page.get_by_role("button", name="Show").click()
        expect(page.get_by_text("Nothing like this was booked")).to_be_visible()
        page.get_by_role("link", name="Everything").click()
        expect(page.get_by_role("cell", name="CASH.EUR")).to_be_visible()

        page.get_by_role("link", name="Replace").click()
        page.get_by_label("Why?").fill("worn")
        page.get_by_role("button", name="Replace the card").click()
        heading(page, "Card issued")
        page.get_by_role("link", name="To the account").click()

        page.get_by_role("link", name="Set money aside").click()
        page.get_by_label("Amount").fill("1.000,00")
        page.get_by_label("What for?").fill("hotel")
        page.get_by_role("button", name="Set it aside").click()
        expect(page.get_by_role("alert")).to_contain_text("Enter the last day.")
        page.get_by_role("link", name="Cancel").click()

        page.get_by_role("link", name="Freeze").click()
        page.get_by_label("Why?").fill("phone call")
        page.get_by_role("button", name="Freeze the account").click()
        expect(page.get_by_role("status").first).to_contain_text("The account is frozen")
        if scripts:
            assert flaws(page) == ""
