"""A member of staff signs in, looks around and signs out, in a real browser that reports every error and every request."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from banksite.seeding import password_of
from tests.browser.looking import flaws, focused


@pytest.mark.browser
class TestAMemberOfStaff:
    def test_signs_in_looks_around_and_signs_out(self, sample_bank: None, live_server: LiveServer, page: Page) -> None:
        page.goto(live_server.url)
        assert focused(page) == "id_username"
        assert flaws(page) == ""
        page.keyboard.type("supervisor")
        page.keyboard.press("Tab")
        page.keyboard.type("not it")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("The user name or the password is not right.")
        assert flaws(page) == ""
        page.get_by_label("Password").fill(password_of("supervisor"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Today at Bank A")
        expect(page.get_by_text("Transfers today")).to_be_visible()

        page.get_by_role("link", name="Administration").click()
        page.locator("aside, nav").get_by_role("link", name="Users").first.click()
        expect(page.get_by_role("link", name="teller", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="Add user")).to_have_count(0)

        page.goto(live_server.url)
        page.locator("summary").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        page.goto(f"{live_server.url}/admin/access/user/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
