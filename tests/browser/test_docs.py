"""The API's description in a real browser, under the site's own content security policy and without anybody else's server."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer


@pytest.mark.browser
class TestTheDescription:
    @pytest.mark.parametrize(("address", "shown"), [("/docs", "/api/v1/auth/token"), ("/redoc", "Distributed Banking System (1)")])
    def test_is_drawn_from_our_own_files(
        self, transactional_db: None, live_server: LiveServer, page: Page, address: str, shown: str
    ) -> None:
        page.goto(f"{live_server.url}{address}")

        expect(page.get_by_text(shown).first).to_be_visible(timeout=20_000)
