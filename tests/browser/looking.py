"""What a page is judged by."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_axe = Axe()


def flaws(page: Page) -> str:
    """Return what keeps people from using the page (WCAG 2.2 AA, by axe), as text; nothing for a page that is well made."""
    results = _axe.run(page, options=_RULES)
    return str(results.generate_report()) if results.violations_count else ""


def focused(page: Page) -> str:
    """Return what has the keyboard's focus: its id, else its text."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
