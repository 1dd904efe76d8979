"""A member of staff signs in, looks around and signs out, in a real browser that reports every error and every request."""

from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from access.models import User
from access.roles import SUPERVISOR
from access.services import open_access

PASSWORD = "supervisor-in-a-browser"


@pytest.fixture
def supervisor(transactional_db: None) -> User:
    open_access()
    user = User.objects.create_user(username="sam", first_name="Sam", last_name="Okafor", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=SUPERVISOR))
    return user


@pytest.mark.browser
class TestAMemberOfStaff:
    def test_signs_in_looks_around_and_signs_out(self, supervisor: User, live_server: LiveServer, page: Page) -> None:
        troubles: list[str] = []
        visited: set[str] = set()

        def note(request: Request) -> None:
            if not request.url.startswith("data:"):
                visited.add(urlsplit(request.url).netloc)

        def note_failure(request: Request) -> None:
            if request.failure != "net::ERR_ABORTED":  # the browser's own doing when it leaves a page whose icon is still under way
                troubles.append(f"{request.url}: {request.failure}")

        page.on("request", note)
        page.on("requestfailed", note_failure)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text) if message.type in {"error", "warning"} else None)

        page.goto(live_server.url)
        page.get_by_label("User name").fill("sam")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Today at Bank A")
        expect(page.get_by_text("Transfers today")).to_be_visible()

        page.get_by_role("link", name="Administration").click()
        page.locator("aside, nav").get_by_role("link", name="Users").first.click()
        expect(page.get_by_role("link", name="sam", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="Add user")).to_have_count(0)

        page.goto(live_server.url)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        page.goto(f"{live_server.url}/admin/access/user/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")

        assert troubles == []
        assert visited == {urlsplit(live_server.url).netloc}
