"""A browser at the admin desk, which notes every trouble and every host it asked."""

from urllib.parse import urlsplit

from django.conf import settings
from playwright.sync_api import Page, Request
from pytest_django.live_server_helper import LiveServer

from tests.browser.looking import violations
from tests.desk.bank import browser


class Desk:
    """A browser somebody is signed in with, which reports every trouble and every host it asked."""

    def __init__(self, page: Page, server: LiveServer) -> None:
        self.page, self.url = page, server.url
        self.troubles: list[str] = []
        self.hosts: set[str] = set()
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", lambda message: self.troubles.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.hosts.add(urlsplit(request.url).netloc)

    def sign_in(self, name: str) -> "Desk":
        cookie = browser(name).cookies[settings.SESSION_COOKIE_NAME].value
        self.page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": self.url}])
        return self

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.url}{path}")
        return self.page

    def do(self, title: str, *, reason: str = "", submit: str | None = None) -> None:
        """Open the dialog of a deed and submit it."""
        self.page.get_by_role("button", name=title, exact=True).click()
        dialog = self.page.get_by_role("dialog")
        if reason:
            dialog.get_by_label("Reason").fill(reason)
        dialog.get_by_role("button", name=submit or title, exact=True).click()

    def violations(self, *, within: str = "") -> list[str]:
        """Return what axe finds that breaks WCAG 2.2 AA: on the page, or within what the selector names."""
        return violations(self.page, within=within)  # axe's own habits beyond WCAG, such as landmarks, are Unfold's to keep

    def trouble(self) -> list[str]:
        """Return what the browser complained of, and every host but the bank's own that a page asked."""
        return self.troubles + sorted(self.hosts - {urlsplit(self.url).netloc})
