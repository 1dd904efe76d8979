"""Payments files: every line answered, and booked once however often the file is read."""

import csv
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from access.site import acting_as
from accounts.iban import make
from accounts.models import Account
from transfers import errors, payments_file, services
from transfers.models import Transfer
from transfers.services import import_payments as importing
from transfers.services.import_payments import import_payments
from transfers.tests.people import (
    ANNA,
    BRAM,
    MISPRINT,
    NOON,
    ZOE,
    answer,
    approval_of,
    balance,
    decision,
    supervisor,
    teller,
    with_limits,
)

pytestmark = pytest.mark.money
HEADER = ",".join(payments_file.COLUMNS)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes lines as a payments file."""

    def _write(*lines: str, header: str = HEADER) -> Path:
        path = tmp_path / "payments.csv"
        path.write_bytes("\n".join([header, *lines]).encode("utf-8", "surrogateescape"))
        return path

    return _write


def line(end_to_end_id: str, creditor: str = ZOE, amount: str = "1.00", *, debtor: str = ANNA, currency: str = "EUR") -> str:
    return f"{end_to_end_id},{debtor},{creditor},Zoë,{amount},{currency},"


def run(path: Path) -> list[tuple[str, str]]:
    """Import the file and return (outcome, code) of each line."""
    outcomes = import_payments(path=path, by=teller(), clock=lambda: NOON, progress=lambda done, rows: None)
    with outcomes.open(newline="") as file:
        return [(row["outcome"], row["code"]) for row in csv.DictReader(file)]


class TestImport:
    def test_answers_every_line_in_order(self, write: Callable[..., Path]) -> None:
        Account.objects.filter(number=BRAM).update(status="closed", closed_at=NOON)
        path = write(
            line("1", BRAM),
            line("2", make("NL", "BNKA", 77)),
            line("3", ZOE),
            line("4", ZOE, "1000.00"),
            line("5", MISPRINT),
            line("6", ZOE, currency="USD"),
            line("7", ZOE, currency="???"),
            line("8", ZOE, "1.005"),
            line("9", ZOE, "-1"),
            line("3", ZOE),
            line("3", ZOE, "2.00"),
            "10,too,few",
            line("", ZOE),
            '"11,unclosed',
        )

        outcomes = run(path)

        assert outcomes == [
            ("refused", "account-closed"),
            ("refused", "account-unknown"),
            ("pending", ""),
            ("refused", "insufficient-funds"),
            ("refused", "iban-invalid"),
            ("refused", "currency-mismatch"),
            ("refused", "currency-unknown"),
            ("refused", "amount-invalid"),
            ("refused", "amount-invalid"),
            ("repeated", ""),
            ("refused", "key-reused"),
            ("refused", "line-malformed"),
            ("refused", "line-malformed"),
            ("refused", "line-malformed"),
        ]
        assert balance(ANNA) == 10_000 - 125

    def test_read_again_books_nothing_and_judges_the_refused_anew(self, write: Callable[..., Path]) -> None:
        path = write(line("1", ZOE, "60.00"), line("2", BRAM, "60.00"))
        assert run(path) == [("pending", ""), ("refused", "insufficient-funds")]
        Account.objects.filter(number=ANNA).update(floor_minor=-100_000)

        again = run(path)

        assert again == [("repeated", ""), ("completed", "")]
        assert run(path) == [("repeated", ""), ("repeated", "")]
        assert balance(BRAM) == 6000

    def test_read_again_says_what_came_to_nothing_meanwhile(self, write: Callable[..., Path]) -> None:
        path = write(line("1"), line("2"), line("3", BRAM), line("4", BRAM))
        with acting_as(with_limits(EUR=50)):
            run(path)
        services.refuse_transfer(approval_id=approval_of(Transfer.objects.get(end_to_end_id="3")), by=supervisor(), reason="no", now=NOON)
        for one in ("1", "2", "4"):
            services.approve_transfer(approval_id=approval_of(Transfer.objects.get(end_to_end_id=one)), by=supervisor(), now=NOON)
        answer(decision(Transfer.objects.get(end_to_end_id="1"), "rejected", "AC01"))

        assert run(path) == [("refused", "payment-ended"), ("repeated", ""), ("refused", "payment-ended"), ("repeated", "")]

        rows = list(csv.DictReader((path.parent / "payments.csv.outcomes.csv").read_text().splitlines()))
        assert "1 is rejected (AC01) and its money is where it was." in rows[0]["detail"]
        assert rows[2]["transfer_id"] == str(Transfer.objects.get(end_to_end_id="3").id)

    def test_a_repeated_line_names_the_transfer_it_became(self, write: Callable[..., Path]) -> None:
        path = write(line("1"), line("1"))

        run(path)

        rows = list(csv.DictReader((path.parent / "payments.csv.outcomes.csv").read_text().splitlines()))
        assert {row["transfer_id"] for row in rows} == {str(Transfer.objects.get(kind="outgoing").id)}
        assert [row["line"] for row in rows] == ["2", "3"]

    def test_stopped_half_way_goes_on_where_it_was(self, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importing, "CHUNK", 2)
        path = write(*[line(str(number)) for number in range(6)])
        times = iter([NOON, NOON])

        def clock() -> datetime:
            return next(times)

        with pytest.raises(StopIteration):
            import_payments(path=path, by=teller(), clock=clock, progress=lambda done, rows: None)
        assert not (path.parent / "payments.csv.outcomes.csv").exists()

        assert run(path) == [("repeated", "")] * 4 + [("pending", "")] * 2
        assert Transfer.objects.filter(kind="outgoing").count() == 6

    def test_that_is_no_payments_file_is_refused_whole(self, write: Callable[..., Path]) -> None:
        path = write("1,2,3", header="a,b,c")

        with pytest.raises(errors.FileUnusable, match=HEADER):
            run(path)

    def test_takes_a_byte_order_mark_spaces_and_quoted_fields(self, write: Callable[..., Path]) -> None:
        spaced = " ".join(ZOE[place : place + 4] for place in range(0, len(ZOE), 4))

        outcomes = run(write(f'"1", {ANNA.lower()} ,{spaced},"Zoë, with comma",1.00,EUR,"a ""quote"""', header="\ufeff" + HEADER))

        assert outcomes == [("pending", "")]
        assert Transfer.objects.get(kind="outgoing").creditor_name == "Zoë, with comma"

    def test_refuses_a_line_that_is_not_utf_8_and_goes_on(self, write: Callable[..., Path]) -> None:
        assert run(write("1\udcff,a,b,c,1.00,EUR,", line("2"))) == [("refused", "line-malformed"), ("pending", "")]

    def test_refuses_a_line_with_a_null_character_which_leaves_no_key_behind(self, write: Callable[..., Path]) -> None:
        outcomes = run(write(line("7\0"), line("7"), line("8", debtor=f"{ANNA}\0")))

        assert outcomes == [("refused", "line-malformed"), ("pending", ""), ("refused", "line-malformed")]

    def test_of_one_account_never_stands_for_another(self, write: Callable[..., Path]) -> None:
        Account.objects.filter(number=BRAM).update(floor_minor=-1000)

        assert run(write(line("1"), line("1", debtor=BRAM))) == [("pending", ""), ("pending", "")]


class TestCommand:
    def test_names_a_user_that_is_missing(self, write: Callable[..., Path]) -> None:
        with pytest.raises(CommandError, match="no active user nobody"):
            call_command("import_payments", str(write()), "--as", "nobody")

    def test_says_what_became_of_the_lines(self, write: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
        teller()

        with pytest.raises(SystemExit) as ended:
            call_command("import_payments", str(write(line("1"), line("2", BRAM), line("3", MISPRINT))), "--as", "teller")

        assert ended.value.code == 3
        assert capsys.readouterr().out.strip().endswith("1 completed, 1 pending, 1 refused")

    def test_says_that_a_file_has_only_its_heading(self, write: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
        teller()

        call_command("import_payments", str(write()), "--as", "teller")

        assert capsys.readouterr().out.strip().endswith("no payments: the file has only its heading")

    def test_says_which_file_is_missing(self, tmp_path: Path) -> None:
        teller()

        with pytest.raises(CommandError, match=r"missing\.csv"):
            call_command("import_payments", str(tmp_path / "missing.csv"), "--as", "teller")
