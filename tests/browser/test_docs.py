"""The API's description in a real browser, under the site's own content security policy and without anybody else's server."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, expect
from pytest_django.live_server_helper import LiveServer


@pytest.mark.browser
class TestTheDescription:
    @pytest.mark.parametrize(("address", "shown"), [("/docs", "/api/v1/auth/token"), ("/redoc", "Distributed Banking System (1)")])
    def test_is_drawn_from_our_own_files(
        self, transactional_db: None, live_server: LiveServer, page: Page, address: str, shown: str
    ) -> None:
        troubles: list[str] = []
        visited: set[str] = set()

        def note(request: Request) -> None:
            if not request.url.startswith(("data:", "blob:")):
                visited.add(urlsplit(request.url).netloc)

        def note_trouble(message: ConsoleMessage) -> None:
            if message.type == "error":
                troubles.append(message.text)

        page.on("request", note)
        page.on("console", note_trouble)
        page.on("pageerror", lambda error: troubles.append(str(error)))

        page.goto(f"{live_server.url}{address}")

        expect(page.get_by_text(shown).first).to_be_visible(timeout=20_000)
        assert troubles == []
        assert visited == {urlsplit(live_server.url).netloc}
