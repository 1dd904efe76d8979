"""Payments files: lines read as orders, and the row of outcome that answers each."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TextIO

from access.errors import DomainError
from access.spreadsheets import as_text
from accounts.money import Money
from transfers.errors import FileUnusable, LineMalformed
from transfers.orders import Payment

COLUMNS = ("end_to_end_id", "debtor_iban", "creditor_iban", "creditor_name", "amount", "currency", "reference")
OUTCOME_COLUMNS = ("line", "end_to_end_id", "outcome", "transfer_id", "code", "detail")
OutcomeRow = tuple[int, str, str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a payments file: the order it gives, or why it gives none.

    `number` is the line of the file on which it begins, `key` names the payment permanently (debtor and end-to-end id), `fingerprint` is
    its content.
    """

    number: int
    end_to_end_id: str
    order: Payment | DomainError
    key: str = ""
    fingerprint: str = ""


def read(file: TextIO, *, name: str) -> Iterator[Line]:
    """Yield the lines of an open UTF-8 file (opened with `errors="surrogateescape"`, `newline=""`), one at a time.

    Raises FileUnusable when the header is not COLUMNS; a line that cannot be read is yielded with its refusal.
    """
    reader = csv.reader(file, strict=True)
    header = _next(reader)
    if header is None or isinstance(header, DomainError) or tuple(cell.removeprefix("\ufeff") for cell in header) != COLUMNS:
        raise FileUnusable(file=name, why=f"the first line must be {','.join(COLUMNS)}")
    while True:
        first = reader.line_num + 1
        cells = _next(reader)
        if cells is None:
            return
        if isinstance(cells, DomainError) or any(cell.strip() for cell in cells):  # others are empty, or commas alone
            yield _line(first, _unclosed(first, reader.line_num) if isinstance(cells, DomainError) and reader.line_num > first else cells)


def _unclosed(first: int, last: int) -> LineMalformed:
    """Return the refusal of a line whose quote goes on to the end of the file, or to where it is no CSV any more."""
    return LineMalformed(why=f"the quote opened in line {first} is not closed: the {last - first} lines after it were read as part of it")


def outcome_row(*, number: int, end_to_end_id: str, outcome: str, transfer_id: str, refusal: DomainError | None) -> OutcomeRow:
    """Return the row of OUTCOME_COLUMNS that answers a line."""
    detail = str(refusal) if refusal else "This payment was booked before." if outcome == "repeated" else ""
    return (number, as_text(end_to_end_id), outcome, transfer_id, refusal.code if refusal else "", detail)


def _next(rows: Iterator[list[str]]) -> list[str] | DomainError | None:
    """Return the next row, the refusal of one that is no CSV, or None at the end."""
    try:
        return next(rows, None)
    except csv.Error as error:
        return LineMalformed(why=f"this is not CSV: {error}")


def _line(number: int, cells: list[str] | DomainError) -> Line:
    """Return the line as an order with its key, or with its refusal."""
    if isinstance(cells, DomainError):
        return Line(number=number, end_to_end_id="", order=cells)
    if flaw := _flaw(cells):
        return Line(number=number, end_to_end_id=_shown(cells[0]), order=LineMalformed(why=flaw))
    return _order(number, [cell.strip() for cell in cells])


def _flaw(cells: list[str]) -> str:
    """Return why the cells are no order, nor anything a database could keep; empty when they may be one."""
    if len(cells) != len(COLUMNS):
        return f"it has {len(cells)} fields instead of {len(COLUMNS)}"
    characters = set().union(*cells)
    if any("\udc80" <= character <= "\udcff" for character in characters):
        return "it is not UTF-8"
    return "it holds a null character" if "\0" in characters else ""


def _order(number: int, cells: list[str]) -> Line:
    end_to_end_id, debtor, creditor, creditor_name, amount, currency, reference = cells
    debtor, creditor = debtor.replace(" ", "").upper(), creditor.replace(" ", "").upper()
    if not end_to_end_id:
        return Line(
            number=number,
            end_to_end_id="",
            order=LineMalformed(why="it has no end_to_end_id, by which it is known when the file is read again"),
        )
    try:
        money = Money.parse(amount, currency)
    except DomainError as refusal:
        return Line(number=number, end_to_end_id=end_to_end_id, order=refusal)
    order = Payment(
        debtor=debtor, creditor=creditor, creditor_name=creditor_name, amount=money, reference=reference, end_to_end_id=end_to_end_id
    )
    content = "\n".join((creditor, order.creditor_name, str(money.amount_minor), money.currency, order.reference))
    key, fingerprint = f"{debtor[:34]}/{order.end_to_end_id[:200]}", sha256(content.encode()).hexdigest()
    return Line(number=number, end_to_end_id=order.end_to_end_id, order=order, key=key, fingerprint=fingerprint)


def _shown(text: str) -> str:
    """Return a text of a broken line as it can be written again."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")[:35]
