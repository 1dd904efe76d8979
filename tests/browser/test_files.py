"""A payments file in a real browser: seen before anything moves, paid once, watched, answered."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.browser.counter import ZOE, account_of, balance_of, is_well_made, open_neighbour
from transfers.models import Transfer
from transfers.payments_file import COLUMNS
from transfers.services import files

pytestmark = pytest.mark.browser
MARIA, NOOR = "Maria Jansen", "Noor de Vries"


def upload(page: Page, *lines: tuple[str, str]) -> None:
    """Upload a file of (creditor, amount) lines; Maria pays."""
    rows = [f"{place},{account_of(MARIA)},{creditor},Zoë,{amount},EUR," for place, (creditor, amount) in enumerate(lines)]
    content = "\n".join([",".join(COLUMNS), *rows]).encode()
    page.get_by_label("Payments file").set_input_files({"name": "wages.csv", "mimeType": "text/csv", "buffer": content})


class TestAPaymentsFile:
    def test_is_looked_through_paid_watched_and_answered(self, desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(files, "PORTION", 1)  # so that there is something to watch
        monkeypatch.setattr("transfers.views.files._PATIENCE", timedelta())
        open_neighbour()
        noor, before = account_of(NOOR), balance_of(account_of(NOOR))
        page = desk("teller")
        page.goto("/payment-files")
        is_well_made(page, "files-none")
        page.get_by_role("link", name="Upload a file").press("Enter")
        expect(page.locator("#id_file")).to_be_focused()
        is_well_made(page, "file-new")
        page.get_by_role("button", name="Look through it").press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("Choose the file.")
        upload(page, (noor, "12.50"), (ZOE, "7.00"), (noor, "1000000.00"), (noor, "1.00"))
        page.get_by_role("button", name="Look through it").press("Enter")

        expect(page.get_by_text("The account does not hold enough.")).to_be_visible()
        expect(page.get_by_role("row", name="Can be booked 2")).to_be_visible()
        assert balance_of(noor) == before
        is_well_made(page, "file-looked-through")
        expect(page.get_by_role("button", name="Pay 3 lines")).to_be_focused()
        page.keyboard.press("Enter")

        expect(page.get_by_text("Finished", exact=True)).to_be_visible()
        expect(page.get_by_role("row", name="Completed 2")).to_be_visible()
        is_well_made(page, "file-finished")
        assert balance_of(noor) == before + 1_350
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Download the outcomes").click()
        downloading.value.save_as(tmp_path / "outcomes.csv")
        outcomes = [row.split(",")[2] for row in (tmp_path / "outcomes.csv").read_text().splitlines()[1:]]
        assert outcomes == ["completed", "pending", "refused", "completed"]

    def test_moves_once_without_scripts_by_double_click_back_and_again(self, desk: Desk) -> None:
        noor, before = account_of(NOOR), balance_of(account_of(NOOR))
        page = desk("teller", scripts=False)
        page.goto("/payment-files/new")
        upload(page, (noor, "12.50"))
        page.get_by_role("button", name="Look through it").click()
        page.get_by_role("button", name="Pay 1 line").dblclick()
        expect(page.get_by_text("Finished", exact=True)).to_be_visible()
        page.reload()
        page.goto("/payment-files/new")
        upload(page, (noor, "12.50"))
        page.get_by_role("button", name="Look through it").click()

        expect(page.get_by_role("row", name="Booked before 1 12.50")).to_be_visible()
        expect(page.get_by_role("button", name="Pay")).to_have_count(0)
        assert balance_of(noor) == before + 1_250
        assert Transfer.objects.filter(kind="internal").count() == 1
