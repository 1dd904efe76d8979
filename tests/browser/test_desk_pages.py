"""Every list, every row's page and every deed of both desks in a real browser: nothing WCAG forbids, no complaint, no other host."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import RequestFactory
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from access.models import Approval, AuditEvent, User
from access.services import staff_roles
from messaging.models import Recovery
from tests.browser.deeds import TOURIST, Plan, plan_of
from tests.browser.desk import Desk
from tests.desk import bank, head_bank
from tests.desk.test_registry import address, deeds_of

EVERYWHERE = {"export", "reveal"}  # the same dialog at every list, at every masked row: used once


class Tour:
    """A walk of somebody through everything they may see and do at a desk."""

    def __init__(self, desk: Desk, user: User) -> None:
        self.desk, self.user = desk.sign_in(user.get_username()), user
        self.request = RequestFactory().get("/")
        self.request.user = user
        self.seen: set[str] = set()
        self.shapes: set[tuple[str, ...]] = set()
        self.done: set[str] = set()
        self.flaws: dict[str, Sequence[str]] = {}

    def walk(self) -> None:
        """Look at the first page, at every list and its newest row, and carry out every deed once."""
        self.look("/admin/")
        for shown in admin.site._registry.values():
            if shown.has_view_permission(self.request):
                self.look(address(shown, "changelist"))
                row = shown.model._default_manager.order_by("-pk").first()
                if row:
                    self.look(address(shown, "change", row.pk))
                for kind, deed in sorted(deeds_of(shown), key=lambda found: found[0]):  # what is done to rows first
                    name = name_of(shown, deed)
                    if name not in self.done and (row or kind == "actions_list") and self.user.has_perm(deed.allowed_permissions[0]):
                        self.carry_out(name, shown, deed)
                        self.done.add(name)

    def look(self, path: str) -> None:
        """Open a page; note what is wrong with one that was not looked at before."""
        self.desk.open(path)
        if path not in self.seen:
            self.seen.add(path)
            self.note(path, within="" if path == "/admin/" else "#main")  # what stands around the pages is the same everywhere

    def carry_out(self, name: str, shown: Any, deed: Any) -> None:
        """Do a deed by its dialog; the trail, or who asks a second person, has its reason then."""
        plan, why = plan_of(name), f"reason of {name}"
        plan.first()
        newest = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True)[0]
        self.look(_page_of(shown, deed, plan))
        self.desk.page.get_by_role("button", name=deed.short_description, exact=True).first.click()
        dialog = self.desk.page.get_by_role("dialog")
        expect(dialog.get_by_role("heading")).to_have_text(deed.short_description)
        self.judge(name, dialog, "label")
        for field, value in plan.values.items():
            fill(dialog, field, value)
        if asks_why := dialog.get_by_label("Reason").is_visible():
            fill(dialog, "reason", why)
        dialog.locator("[type=submit]").click()
        expect(dialog.locator("form"), f"{name} is refused").to_have_count(0)
        if dialog.is_visible():  # it tells what is shown once
            self.judge(f"what {name} tells", dialog, "dt")
        done = AuditEvent.objects.filter(actor=self.user, pk__gt=newest, reason=why if asks_why else "")
        assert done.exists() or Approval.objects.filter(asked_by=self.user, reason=why).exists(), name

    def judge(self, name: str, dialog: Locator, parts: str) -> None:
        """Note what is wrong with a dialog that has other parts than those before: most ask for the reason alone."""
        shape = (parts, *dialog.locator(parts).all_inner_texts())
        if shape not in self.shapes:
            self.shapes.add(shape)
            self.note(name, within="#dialog")

    def note(self, where: str, *, within: str) -> None:
        """Keep what axe finds there."""
        if found := self.desk.violations(within=within):
            self.flaws[where] = found


def _page_of(shown: Any, deed: Any, plan: Plan) -> str:
    """Return the page a deed is done from: the list, or the newest row that fits."""
    if deed.__name__ in shown.actions_list:
        return address(shown, "changelist")
    rows = shown.model._default_manager.filter(plan.on).order_by("-pk")[:30]
    fitting = [row.pk for row in rows if deed.offered(row)]
    assert fitting, f"nothing to {deed.short_description}"
    return address(shown, "change", fitting[0])


def name_of(shown: Any, deed: Any) -> str:
    """Return what a deed is called here: by its list, where it is not the same at every list."""
    return str(deed.url_path) if deed.original_function_name in EVERYWHERE else f"{shown.model._meta.label}.{deed.url_path}"


def deeds(*, of_register: bool) -> set[str]:
    """Return the name of every deed of the head bank's register, or of every other."""
    lists = [shown for shown in admin.site._registry.values() if (shown.model._meta.app_label == "headbank") is of_register]
    return {name_of(shown, deed) for shown in lists for _, deed in deeds_of(shown)}


def fill(dialog: Locator, field: str, value: str) -> None:
    """Tell a dialog something: type it, choose it, or mark it."""
    asked = dialog.locator(f"[name={field}]")
    match asked.first.evaluate("field => field.type"):
        case "checkbox":
            asked.and_(dialog.locator(f"[value='{value}']" if value else "*")).check()
        case "select-one":
            asked.select_option(value)
        case _:
            asked.fill(value)


def omnipotent() -> User:
    """Return somebody who may see and do everything the site knows, by having all its roles."""
    user = User.objects.create_user(TOURIST, is_staff=True)
    user.groups.set(Group.objects.filter(name__in=staff_roles()))
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
class TestEveryPageAndEveryDeed:
    def test_of_a_bank_s_desk_is_well_made(self, tour: Callable[[], Tour]) -> None:
        bank.furnish()
        Recovery.objects.create(detail="the broker is ahead", cluster_id="c", committed={}, since=timezone.now())

        walked = tour()

        assert walked.flaws == {}
        assert walked.done == deeds(of_register=False)

    def test_of_the_head_bank_s_desk_is_well_made(self, tour: Callable[[], Tour], settings: Any) -> None:
        settings.SITE, settings.ROOT_URLCONF = head_bank.SITE, head_bank.URLS
        head_bank.furnish()

        walked = tour()

        assert walked.flaws == {}
        assert deeds(of_register=True) <= walked.done
