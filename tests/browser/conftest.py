"""What the tests in a browser share: a bank with samples, a desk for each member of its staff, and eyes on every page."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, WebError
from pytest_django.live_server_helper import LiveServer

from access.models import User
from banksite.opening import open_bank
from banksite.seeding import seed_demo

Desk = Callable[..., Page]


@pytest.fixture(scope="session")
def base_url() -> str:
    """Return no address: each test asks its own live server. The plugin's fixture of this name warns under this pytest."""
    return ""


@pytest.fixture(scope="session", autouse=True)
def synchronous_orm() -> Iterator[None]:
    """Let the tests' thread use the ORM, the flush after each test included, although Playwright keeps an event loop in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


class Watch:
    """What went wrong on the pages of a test, and whom they asked for anything."""

    def __init__(self) -> None:
        self.troubles: list[str] = []
        self.visited: set[str] = set()

    def over(self, context: BrowserContext) -> None:
        """Watch every page of a context from its first request on."""
        context.on("request", self._note)
        context.on("requestfailed", self._note_failure)
        context.on("weberror", self._note_error)
        context.on("console", self._note_word)

    def _note(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.visited.add(urlsplit(request.url).netloc)

    def _note_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the browser's own doing when it leaves a page that is still loading
            self.troubles.append(f"{request.url}: {request.failure}")

    def _note_error(self, error: WebError) -> None:
        self.troubles.append(str(error.error))

    def _note_word(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(message.text)


@pytest.fixture(autouse=True)
def watch(context: BrowserContext, live_server: LiveServer) -> Iterator[Watch]:
    """Fail the test when a page wrote an error, a request failed, or a request left the host; a test that means one takes it out."""
    seen = Watch()
    seen.over(context)
    yield seen
    assert seen.troubles == []
    assert seen.visited <= {urlsplit(live_server.url).netloc}


@pytest.fixture
def sample_bank(transactional_db: None) -> None:
    """Open the bank with its sample staff (`teller`, `supervisor`, `admin`, `auditor`) and customers."""
    now = timezone.now()
    open_bank(now=now)
    seed_demo(now=now)


@pytest.fixture
def desk(sample_bank: None, live_server: LiveServer, browser: Browser, context: BrowserContext, watch: Watch) -> Iterator[Desk]:
    """Return how to sit down at a desk: `desk("teller")` is a page signed in as that user, each in a context of its own.

    `scripts=False` is a browser without JavaScript; `language` is the one the browser asks for.
    """
    contexts: list[BrowserContext] = []

    def sit_down(username: str, *, scripts: bool = True, language: str = "en-GB", width: int = 1280, height: int = 900) -> Page:
        own = browser.new_context(
            java_script_enabled=scripts, locale=language, base_url=live_server.url, viewport={"width": width, "height": height}
        )
        contexts.append(own)
        watch.over(own)
        own.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": _session_of(username), "url": live_server.url}])
        return own.new_page()

    yield sit_down
    for own in contexts:
        own.close()


def _session_of(username: str) -> str:
    """Return the cookie of a session in which the user has just signed in."""
    client = Client()
    client.force_login(User.objects.get(username=username), backend="access.backends.RoleBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value
