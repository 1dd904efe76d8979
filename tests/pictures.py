"""`python -m tests.pictures`: start a demo, work in it as its staff do, and take a picture of each main page into docs/pictures."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, expect, sync_playwright

from banksite.machine.chromium import ensure_chromium
from banksite.machine.errors import MachineError
from banksite.machine.processes import last_lines, start_child, stop_child, wait_until

CHECKOUT = Path(__file__).resolve().parents[1]
FOLDER = CHECKOUT / "docs" / "pictures"
PASSWORD = "{}-demo-only"
_READY = "At work"  # what the demo says last before it goes on by itself
_DEMO_LIMIT_S = 300.0
_MARIA, _JONAS, _NOBODY = "NL06BNKA0000000001", "NL73BNKB0000000007", "NL33BNKB9999999999"
_LOOKS, _LOOK_EVERY_MS = 60, 500
GRANT = "Ask, or grant what was asked"  # the button of what takes two persons
_WIDE, _PHONE = (1280, 800), (390, 844)


@dataclass(frozen=True)
class Shot:
    """A page to take: the bank's place among the three, who sits there, the page's address, and how wide the screen is."""

    name: str
    bank: int
    user: str
    address: str
    size: tuple[int, int] = _WIDE


SHOTS: Sequence[Shot] = (
    Shot("desk", 1, "teller", "/"),
    Shot("desk-phone", 1, "teller", "/", _PHONE),
    Shot("desk-supervisor", 1, "supervisor", "/"),
    Shot("search", 1, "teller", "/search?q=BNKA00000000"),
    Shot("account", 1, "teller", f"/accounts/{_MARIA}"),
    Shot("account-phone", 1, "teller", f"/accounts/{_MARIA}", _PHONE),
    Shot("transfers", 1, "teller", "/transfers"),
    Shot("payment-files", 1, "teller", "/payment-files"),
    Shot("till", 1, "teller", "/till"),
    Shot("approvals", 1, "supervisor", "/approvals"),
    Shot("end-of-day", 1, "supervisor", "/day"),
    Shot("admin", 1, "supervisor", "/admin/"),
    Shot("admin-transfers", 1, "auditor", "/admin/transfers/transfer/"),
    Shot("admin-account", 1, "supervisor", "/admin/accounts/account/"),
    Shot("admin-audit", 1, "auditor", "/admin/access/auditevent/"),
    Shot("head-bank", 0, "supervisor", "/"),
    Shot("head-bank-settlements", 0, "supervisor", "/settlements"),
    Shot("head-bank-admin", 0, "admin", "/admin/"),
)


class Studio:
    """A browser at the demo's banks, a desk for each member of the staff."""

    def __init__(self, browser: Browser, *, first_port: int) -> None:
        self._browser, self._first_port = browser, first_port
        self._desks: dict[tuple[int, str], Page] = {}

    def desk(self, bank: int, user: str) -> Page:
        """Return the page at which somebody sits, signed in once."""
        if (bank, user) not in self._desks:
            page = self._browser.new_context(base_url=f"http://localhost:{self._first_port + bank}", locale="en-GB").new_page()
            page.goto("/sign-in")
            page.get_by_label("User name").fill(user)
            page.get_by_label("Password").fill(PASSWORD.format(user))
            page.keyboard.press("Enter")
            page.wait_for_url("**/")
            self._desks[bank, user] = page
        return self._desks[bank, user]

    def take(self, shot: Shot) -> None:
        """Open the page and take it as far as the screen goes."""
        page = self.desk(shot.bank, shot.user)
        page.set_viewport_size({"width": shot.size[0], "height": shot.size[1]})
        page.goto(shot.address)
        self.keep(page, shot.name)

    def keep(self, page: Page, name: str) -> None:
        """Take what is on the screen."""
        page.wait_for_load_state("networkidle")
        page.screenshot(path=FOLDER / f"{name}.png", animations="disabled", caret="hide")
        print(f"docs/pictures/{name}.png", flush=True)


def work(studio: Studio) -> None:
    """Do what a teller does in a morning, and take it on the way."""
    page = studio.desk(1, "teller")
    page.set_viewport_size({"width": _WIDE[0], "height": _WIDE[1]})
    page.goto("/till")
    if page.get_by_text("You have no open till.").is_visible():
        page.goto("/till/open")
        page.get_by_label("Counted float").fill("500")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Your till for EUR is open.")).to_be_visible()
    for amount in ("240", "12,000.00"):  # the second is above the limit and waits for a supervisor
        page.goto(f"/deposit?account={_MARIA}")
        page.get_by_label("Amount").fill(amount)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Take in the cash").click()
        expect(page.get_by_role("link", name="Follow it")).to_be_visible()
    _pay(studio, page)
    _upload(studio, page)


def _pay(studio: Studio, page: Page) -> None:
    """Pay somebody at the other bank, and follow it there."""
    page.goto(f"/pay?from={_MARIA}")
    page.get_by_label("To account").fill(_JONAS)
    page.get_by_label("Name of who is paid").fill("Jonas Lindqvist")
    page.get_by_label("Amount").fill("125.00")
    page.get_by_label("Reference").fill("Rent November")
    expect(page.get_by_text("Leaves for Bank B.")).to_be_visible()
    studio.keep(page, "pay")
    page.get_by_role("button", name="Continue").click()
    studio.keep(page, "pay-check")
    page.get_by_role("button", name="Pay", exact=True).click()
    studio.keep(page, "pay-done")
    page.get_by_role("link", name="Follow it").click()
    expect(page.get_by_text("Credited at Bank B.")).to_be_visible(timeout=30_000)
    studio.keep(page, "transfer")


def _upload(studio: Studio, page: Page) -> None:
    """Upload a file in which not everything is right, take its verdicts, and pay it."""
    lines = [f"wages-{number},{_MARIA},{_JONAS},Jonas Lindqvist,{number}.50,EUR,Wages" for number in range(10, 16)]
    lines += [f"wages-16,{_MARIA},{_NOBODY},Nobody,1000000.00,EUR,Wages", f"wages-17,{_MARIA},NL00BNKB0000000007,Jonas,5.00,EUR,Wages"]
    content = "\n".join(["end_to_end_id,debtor_iban,creditor_iban,creditor_name,amount,currency,reference", *lines])
    page.goto("/payment-files/new")
    page.get_by_label("Payments file").set_input_files({"name": "wages-november.csv", "mimeType": "text/csv", "buffer": content.encode()})
    page.get_by_role("button", name="Look through it").click()
    expect(page.get_by_role("heading", name="What would become of the lines")).to_be_visible()
    studio.keep(page, "payment-file")
    page.get_by_role("button", name="Pay 6 lines").click()
    expect(page.get_by_text("Finished", exact=True)).to_be_visible()


def _settle(studio: Studio) -> None:
    """Let the head bank settle: cover by two persons, a window closed by one and booked by the other."""
    first, second = (studio.desk(0, name) for name in ("supervisor", "deputy"))
    for code in ("BNKA", "BNKB", "BNKC"):
        for page in (first, second):
            _do(
                page,
                f"/admin/headbank/bank/{code}/change/",
                "Set the cover",
                GRANT,
                Currency="EUR",
                Cover="100000",
                Reason="as agreed in November",
            )
    _do(first, "/admin/headbank/window/", "Close the window", "Close", Reason="end of the day")
    for _ in range(_LOOKS):
        second.goto("/settlements")
        if second.get_by_text("Proposed", exact=True).is_visible():
            break
        second.wait_for_timeout(_LOOK_EVERY_MS)
    second.get_by_role("main").get_by_role("link").first.click()
    address = second.url
    _do(second, f"/admin/headbank/window/{address.rpartition('/')[2]}/change/", "Book this settlement", "Book", Reason="seen")
    second.goto(address)
    studio.keep(second, "head-bank-settlement")


def _do(page: Page, address: str, title: str, submit: str, **fields: str) -> None:
    """Do something from the admin, as its dialog asks."""
    page.set_viewport_size({"width": _WIDE[0], "height": _WIDE[1]})
    page.goto(address)
    page.get_by_role("button", name=title, exact=True).click()
    dialog = page.get_by_role("dialog")
    for label, value in fields.items():
        field = dialog.get_by_label(label)
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    dialog.get_by_role("button", name=submit, exact=True).click()
    expect(dialog).to_be_hidden()


@contextmanager
def demo(*, first_port: int, folder: Path) -> Iterator[None]:
    """Run a demo of its own until the block ends; raises MachineError when it does not come up."""
    log, said = folder / "demo.log", folder / "said"
    arguments = ["--port", str(first_port), "--state", folder / "state"]
    child = start_child([sys.executable, "-m", "banksite.demo", *arguments], log=log, answer=said)  # type: ignore[list-item]
    try:
        if not wait_until(
            lambda: child.poll() is not None or _READY in said.read_text(errors="replace"), limit_s=_DEMO_LIMIT_S, every_s=0.5
        ):
            raise MachineError(problem="the demo did not come up", remedy=f"see {log}")
        if child.poll() is not None:
            raise MachineError(problem=f"the demo ended: {last_lines(said)}", remedy="free its ports or choose others with --port")
        yield
    finally:
        stop_child(child, patience_s=60)


def main() -> int:
    """Take them all."""
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("--port", type=int, default=18_000, help="the first of three ports in a row (default %(default)s)")
    first_port = parser.parse_args().port
    FOLDER.mkdir(exist_ok=True)
    try:
        with TemporaryDirectory(prefix="pictures-") as folder, demo(first_port=first_port, folder=Path(folder)), sync_playwright() as play:
            browser = play.chromium.launch(executable_path=ensure_chromium(), args=["--no-sandbox", "--disable-gpu"])
            studio = Studio(browser, first_port=first_port)
            work(studio)
            _settle(studio)
            for shot in SHOTS:
                studio.take(shot)
    except MachineError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
