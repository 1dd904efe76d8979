"""A statement to print: whose it is, what was before, what was booked, what is left, in its transfers' own words."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.errors import AccountInternal, AccountUnknown, PeriodInvalid, StatementTooLong
from transfers import statements
from transfers.documents import statement_data, statement_pdf
from transfers.orders import Withdrawal
from transfers.tests import people
from transfers.tests.people import ANNA, BRAM, NOON, SITE, ZOE, euros, paid, submit, teller

MARCH = {"first": date(2026, 3, 1), "last": date(2026, 3, 31)}
TODAY = date(2026, 3, 31)


def printed(**days: Any) -> dict[str, Any]:
    return statement_data(statement=statement(**days), site=SITE, now=NOON)


def statement(number: str = ANNA, **days: Any) -> statements.Statement:
    return statements.statement_of(number=number, **MARCH | days, today=TODAY, reach=teller())


class TestAStatement:
    def test_names_the_account_its_holder_and_the_bank(self) -> None:
        shown = printed()

        assert (shown["bank"], shown["code"], shown["holder"]) == ("Bank A", "BNKA", "Anna")
        assert (shown["number"], shown["kind"], shown["currency"]) == ("NL06 BNKA 0000 0000 01", "Checking", "EUR")
        assert (shown["first"], shown["last"], shown["printed"]) == ("1 March 2026", "31 March 2026", "2 March 2026, 13:00")

    def test_goes_from_the_opening_to_the_closing_balance_line_by_line(self) -> None:
        paid(BRAM, "12.50", now=NOON + timedelta(days=1), reference="Lunch")
        paid(ZOE, "20.00", now=NOON + timedelta(days=2))
        submit(Withdrawal(account=ANNA, amount=euros("5.00")), now=NOON + timedelta(days=3))

        shown = printed(first=date(2026, 3, 3), last=date(2026, 3, 4))

        assert (shown["opening"], shown["came_in"], shown["went_out"], shown["closing"]) == ("100.00", "0.00", "32.75", "67.25")
        assert [
            (row["day"], row["what"], row["party"], row["reference"], row["out"], row["in"], row["balance"]) for row in shown["lines"]
        ] == [
            ("3 Mar 2026", "Transfer", "Bram", "Lunch", "12.50", "", "87.50"),
            ("4 Mar 2026", "Transfer", "Zoë", "", "20.00", "", "67.50"),
            ("4 Mar 2026", "Fee", "Zoë", "", "0.25", "", "67.25"),
        ]
        assert shown["lines"][1]["number"] == people.ZOE[:4] + " BNKB 0000 0000 01"

    def test_counts_days_as_the_bank_does(self) -> None:
        paid(BRAM, "1.00", now=datetime.fromisoformat("2026-03-10T22:59:59Z"))  # 23:59:59 in Amsterdam
        paid(BRAM, "2.00", now=datetime.fromisoformat("2026-03-10T23:00:00Z"))  # midnight

        days = [printed(first=date(2026, 3, day), last=date(2026, 3, day)) for day in (10, 11)]

        assert [(day["opening"], [row["out"] for row in day["lines"]], day["closing"]) for day in days] == [
            ("100.00", ["1.00"], "99.00"),
            ("99.00", ["2.00"], "97.00"),
        ]

    def test_of_the_one_who_is_paid_names_who_paid(self) -> None:
        paid(BRAM, "1.00", reference="Lunch")

        [line] = statement(BRAM).lines

        assert (line.party, line.party_number, line.reference, line.amount_minor) == ("Anna", ANNA, "Lunch", 100)

    @pytest.mark.parametrize("text", ["zo", "rent", "NL41 BNKB", "20.00"])
    def test_is_looked_through_by_who_was_paid_and_what_for(self, text: str) -> None:
        paid(BRAM, "1.00", reference="Lunch")
        paid(ZOE, "20.00", reference="Rent")

        found = statements.filtered_statement(number=ANNA, wanted=statements.Wanted(text=text), reach=teller())

        assert {(line.party, line.party_number, line.reference) for line in found.lines} == {("Zoë", people.ZOE, "Rent")}

    @pytest.mark.parametrize(
        "days", [{"first": date(2026, 3, 5), "last": date(2026, 3, 4)}, {"first": date(2026, 4, 1), "last": date(2026, 4, 2)}]
    )
    def test_needs_a_period_that_has_begun(self, days: dict[str, Any]) -> None:
        with pytest.raises(PeriodInvalid):
            statement(**days)

    def test_is_of_an_account_that_keeps_one(self) -> None:
        with pytest.raises(AccountInternal):
            statement("CASH.EUR")
        with pytest.raises(AccountUnknown):
            statement(people.MISPRINT)

    def test_has_an_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(statements.period, "MOST_LINES", 2)
        [paid(BRAM, "1.00") for _ in range(2)]

        with pytest.raises(StatementTooLong) as refused:
            statement()

        assert refused.value.facts == {"lines": 3, "most": 2}

    def test_costs_the_same_however_long_it_is(self) -> None:
        costs = []
        for _ in range(2):
            [paid(BRAM, "1.00") for _ in range(5)]
            reach = teller()
            with CaptureQueriesContext(connection) as asked:
                statements.statement_of(number=ANNA, **MARCH, today=TODAY, reach=reach)
            costs.append(len(asked))

        assert costs == [7, 7]  # among them who may reach it


class TestTheDocument:
    def test_is_tagged_for_those_who_hear_it_and_takes_every_text_as_text(self) -> None:
        paid(ZOE, "1.00", reference='#panic("x") $ *bold* \\ <a>  // й', now=timezone.now())
        today = timezone.localdate()

        found = statements.statement_of(number=ANNA, first=today, last=today, today=today, reach=teller())
        written = statement_pdf(statement=found, site=SITE, now=timezone.now())

        assert len(found.lines) == 2
        assert written.startswith(b"%PDF-")
        assert b"pdfuaid" in written
        assert b"Statement of NL06 BNKA 0000 0000 01" in written

    def test_shows_as_much_as_it_can_of_letters_that_its_font_lacks(self) -> None:
        paid(BRAM, "1.00", reference="漢")

        written = statement_pdf(statement=statement(), site=SITE, now=NOON)

        assert written.startswith(b"%PDF-")
        assert b"pdfuaid" not in written

    def test_can_be_empty(self) -> None:
        assert statement_pdf(statement=statement(BRAM), site=SITE, now=NOON).startswith(b"%PDF-")
