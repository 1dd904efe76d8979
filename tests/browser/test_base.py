"""What every page has: keys, languages, and doing all of it without scripts."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desk
from tests.browser.looking import flaws


@pytest.mark.browser
class TestEveryPage:
    def test_lists_its_keys_and_closes_what_is_open(self, desk: Desk) -> None:
        page = desk("teller")
        page.goto("/")
        assert flaws(page) == ""

        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        assert flaws(page) == ""
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

        page.locator("[data-menu] summary").press("Enter")
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        assert flaws(page) == ""
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
        expect(page.locator("[data-menu] summary")).to_be_focused()

    def test_speaks_the_language_that_is_chosen(self, desk: Desk) -> None:
        page = desk("teller", scripts=False)
        page.goto("/")
        expect(page.locator("html")).to_have_attribute("lang", "en")

        page.locator("[data-menu] summary").click()
        page.get_by_role("button", name="Nederlands").click()
        expect(page.locator("html")).to_have_attribute("lang", "nl")
        expect(page.get_by_role("link", name="Naar de inhoud")).to_be_attached()

    def test_speaks_the_language_of_the_browser(self, desk: Desk) -> None:
        page = desk("teller", language="nl-NL")
        page.goto("/")

        expect(page.locator("html")).to_have_attribute("lang", "nl")
        assert flaws(page) == ""
