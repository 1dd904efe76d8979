"""Every list, every row's page and every dialog of both desks in a real browser: nothing WCAG forbids, no complaint, no other host."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import RequestFactory
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from access.models import User
from messaging.models import Recovery
from tests.browser.desk import Desk
from tests.desk import bank, head_bank
from tests.desk.test_registry import address, deeds_of

EVERYWHERE = {"export", "reveal"}  # the same dialog at every list, at every masked row: looked at once


class Tour:
    """A walk of somebody through everything they may see at a desk."""

    def __init__(self, desk: Desk, user: User) -> None:
        self.desk = desk.sign_in(user.get_username())
        self.request = RequestFactory().get("/")
        self.request.user = user
        self.flaws: dict[str, list[str]] = {}
        self.dialogs: set[str] = set()
        self.asked: set[tuple[str, ...]] = set()

    def walk(self) -> None:
        """Look at the first page, and at every list with the rows that show all of its dialogs."""
        self.look("/admin/")
        for shown in admin.site._registry.values():
            if shown.has_view_permission(self.request):
                self.look(address(shown, "changelist"))
                self.open_dialogs(shown, "actions_list")
                for row in rows_of(shown):
                    self.look(address(shown, "change", row.pk))
                    self.open_dialogs(shown, "actions_detail", row)

    def look(self, path: str) -> None:
        """Open a page and note what is wrong with it."""
        self.desk.open(path)
        self.note(path, within="" if path == "/admin/" else "#main")  # what stands around the pages is the same everywhere

    def open_dialogs(self, shown: Any, kind: str, row: Any = None) -> None:
        """Open each dialog that was not open before and is offered here."""
        for found, deed in deeds_of(shown):
            own = deed.original_function_name not in EVERYWHERE
            name = f"{shown.model._meta.label}.{deed.url_path}" if own else deed.url_path
            may = self.request.user.has_perm(deed.allowed_permissions[0]) and (row is None or deed.offered(row))
            if found == kind and may and name not in self.dialogs:
                self.dialogs.add(name)
                self.open_dialog(name, title=str(deed.short_description))

    def open_dialog(self, name: str, *, title: str) -> None:
        """Open the dialog of a deed, note what is wrong with one that asks for what none asked for before, and leave it."""
        self.desk.page.get_by_role("button", name=title, exact=True).first.click()
        dialog = self.desk.page.get_by_role("dialog")
        expect(dialog.get_by_role("heading")).to_have_text(title)
        asked = tuple(dialog.locator("label").all_inner_texts())
        if asked not in self.asked:  # most ask for the reason alone
            self.asked.add(asked)
            self.note(name, within="#dialog")
        self.desk.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()

    def note(self, where: str, *, within: str) -> None:
        """Keep what axe finds there."""
        if found := self.desk.violations(within=within):
            self.flaws[where] = found


def rows_of(shown: Any) -> Sequence[Any]:
    """Return the newest row of a list, and where deeds depend on the row enough others that each is offered once."""
    rows = list(shown.model._default_manager.order_by("-pk")[:30])
    chosen = rows[:1]
    for kind, deed in deeds_of(shown):
        if kind == "actions_detail" and deed.original_function_name not in EVERYWHERE and not any(map(deed.offered, chosen)):
            chosen += [row for row in rows if deed.offered(row)][:1]
    return chosen


def omnipotent() -> User:
    """Return somebody who may see and do everything the site knows, by having all its roles."""
    user = User.objects.create_user("all-roles", is_staff=True)
    user.groups.set(Group.objects.exclude(name__in=("API client", "System")))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def tour(transactional_db: None, live_server: LiveServer, page: Page) -> Callable[[], Tour]:
    """Return how to walk through a desk that is furnished."""

    def walk() -> Tour:
        desk = Desk(page, live_server)
        made = Tour(desk, omnipotent())
        made.walk()
        assert desk.trouble() == []
        return made

    return walk


@pytest.mark.browser
class TestEveryPage:
    def test_of_a_bank_s_desk_is_well_made(self, tour: Callable[[], Tour]) -> None:
        bank.furnish()
        Recovery.objects.create(detail="the broker is ahead", cluster_id="c", committed={}, since=timezone.now())

        assert tour().flaws == {}

    def test_of_the_head_bank_s_desk_is_well_made(self, tour: Callable[[], Tour], settings: Any) -> None:
        settings.SITE, settings.ROOT_URLCONF = head_bank.SITE, head_bank.URLS
        head_bank.furnish()

        assert tour().flaws == {}
