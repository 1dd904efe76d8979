"""A member of staff signs in, looks around and signs out, in a real browser that reports every error and every request."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from access.models import User
from access.tests.people import code_of
from banksite.seeding import password_of
from tests.browser.conftest import Desk
from tests.browser.looking import flaws


@pytest.mark.browser
class TestAMemberOfStaff:
    def test_signs_in_looks_around_and_signs_out(self, sample_bank: None, live_server: LiveServer, page: Page) -> None:
        page.goto(live_server.url)
        expect(page.locator("#id_username")).to_be_focused()
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
        expect(page.get_by_role("heading", name="Latest transfers")).to_be_visible()
        expect(page.locator("#box")).to_be_focused()

        page.get_by_role("link", name="Administration").click()
        page.locator("aside, nav").get_by_role("link", name="Users").first.click()
        expect(page.get_by_role("link", name="teller", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="Add user")).to_have_count(0)

        page.goto(live_server.url)
        page.locator("[data-menu] summary").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        page.goto(f"{live_server.url}/admin/access/user/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")

    def test_chooses_another_password_and_goes_on(self, desk: Desk) -> None:
        page = desk("teller")
        page.goto("/password")
        assert flaws(page) == ""

        page.get_by_label("Old password").fill("teller-demo-only")
        page.get_by_label("New password", exact=True).fill("too short")
        page.get_by_label("New password confirmation").fill("too short")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("at least 12 characters")
        assert flaws(page) == ""
        page.get_by_label("Old password").fill("teller-demo-only")
        for label in ("New password", "New password confirmation"):
            page.get_by_label(label, exact=True).fill("a sentence of my own")
        page.keyboard.press("Enter")

        expect(page.get_by_role("status").first).to_contain_text("Your password is changed.")
        assert User.objects.get(username="teller").check_password("a sentence of my own")

    def test_enrols_in_a_second_factor_locks_the_screen_and_comes_back(self, desk: Desk) -> None:
        page = desk("teller")
        page.goto("/second-factor")
        assert flaws(page) == ""
        page.get_by_label("Code").fill("000000")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("not the code that belongs to the picture")
        secret = page.locator("code").inner_text().replace(" ", "")
        page.get_by_label("Code").fill(code_of(secret))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
        assert flaws(page) == ""
        recovery = page.locator(".codes code").first.inner_text()

        page.goto("/search?q=BNKA0000")
        page.locator("[data-menu] summary").click()
        page.get_by_role("button", name="Lock", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Locked")
        assert flaws(page) == ""
        page.get_by_label("Password").fill(password_of("teller"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Find")

        page.locator("[data-menu] summary").click()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("User name").fill("teller")
        page.get_by_label("Password").fill(password_of("teller"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Enter your code")
        assert flaws(page) == ""
        page.get_by_label("Code").fill(recovery)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Today at Bank A")

    def test_finds_the_screen_locked_after_a_while(self, desk: Desk, settings: Any) -> None:
        settings.IDLE_LOCK_S = 2
        page = desk("teller")
        page.goto("/search?q=BNKA0000")

        expect(page.get_by_role("heading", level=1)).to_have_text("Locked", timeout=15_000)
