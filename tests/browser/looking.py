"""What a page is judged by."""

from collections.abc import Sequence

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_SCRIPT = Axe().axe_script
# Only what is wrong leaves the browser: what axe found to be right is many times the page, and took most of the time.
_JUDGE = """async ([tags, within]) => {
  const found = await axe.run(within || document, {runOnly: tags, resultTypes: ["violations"], preload: false, iframes: false});
  return found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${rule.help}: ${node.html.slice(0, 300)}`));
}"""


def violations(page: Page, *, rules: Sequence[str] = WCAG, within: str = "") -> list[str]:
    """Return what breaks these of axe's rules on the page, or within what the selector names, and where."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_SCRIPT)
    found: list[str] = page.evaluate(_JUDGE, [list(rules), within])
    return found


def flaws(page: Page) -> str:
    """Return what keeps people from using the page (WCAG 2.2 AA, by axe), as text; nothing for a page that is well made."""
    return "\n".join(violations(page, rules=(*WCAG, "best-practice")))
