"""Every page of the counter in a real browser, as tests/test_pages.py lists them: well made, and all of it in reach of Tab."""

from collections.abc import Mapping

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Desk
from tests.browser.looking import flaws
from tests.test_pages import ROWS, address, known, lay_out

NO_PAGE = {"accounts:statement-csv", "transfers:creditor", "transfers:file-outcomes", "transfers:statement-pdf", "transfers:story"}
MOST_STEPS = 300
ROUNDS = 2  # a busy browser takes a step more now and then to come round, and the last place of the round is missed
# Everything that can be worked with and is seen; of a group of radio buttons Tab reaches the chosen one, or else the first.
_SEEN = """() => {
  const works = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const groups = new Set();
  return [...document.querySelectorAll(works)].filter(each => {
    if (each.disabled || each.tabIndex < 0 || !each.checkVisibility({visibilityProperty: true})) return false;
    if (each.type !== "radio") return true;
    const group = [...document.getElementsByName(each.name)], is_it = each === (group.find(other => other.checked) || group[0]);
    return is_it && !groups.has(each.name) && groups.add(each.name);
  }).map((each, place) => (each.dataset.place = place, `${place} ${each.outerHTML.slice(0, 120)}`));
}"""
# Keeps where the focus comes to, in the browser: to ask after every step takes longer than the step.
_WATCH = """() => {
  window.reached = [];
  document.addEventListener("focusin", ({target}) => {
    const style = getComputedStyle(target), isShown = style.outlineStyle !== "none" || style.boxShadow !== "none";
    window.reached.push({place: target.dataset.place || "", isShown, html: target.outerHTML.slice(0, 120)});
  });
  document.activeElement.blur();
}"""
_PARTS_OF_A_DATE = 4  # day, month, year and the calendar are steps of their own


def out_of_reach(page: Page) -> list[str]:
    """Return what Tab does not lead to, and what it leads to without showing it."""
    seen: Mapping[str, str] = {text.partition(" ")[0]: text for text in page.evaluate(_SEEN)}
    page.evaluate(_WATCH)
    dates = sum('type="date"' in text for text in seen.values())
    reached: list[dict[str, str]] = []
    for _ in range(ROUNDS):
        for _ in range(min(len(seen) + dates * (_PARTS_OF_A_DATE - 1) + 1, MOST_STEPS)):  # and one to come in from the browser's own
            page.keyboard.press("Tab")
        reached = page.evaluate("window.reached")
        if seen.keys() <= {each["place"] for each in reached}:
            break
    hidden = [f"no sign of focus on {each['html']}" for each in reached if not each["isShown"]]
    return hidden + [text for place, text in seen.items() if place not in {each["place"] for each in reached}]


@pytest.mark.browser
class TestEveryPage:
    def test_is_well_made_and_worked_with_the_keyboard(self, desk: Desk) -> None:
        lay_out()
        pages, named, troubles = {name: desk(name) for name, _ in ROWS.values()}, known(), {}

        for route, (name, _) in ROWS.items():
            if route not in NO_PAGE:
                page = pages[name]
                page.goto(address(route, named))
                if found := [flaws(page), *out_of_reach(page)]:
                    troubles[route] = [each for each in found if each]

        assert {route: found for route, found in troubles.items() if found} == {}
