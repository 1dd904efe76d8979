"""Lists as files: every row of the current filter, with spreadsheets kept from running what somebody else wrote."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import tablib
from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from import_export.formats.base_formats import XLSX
from unfold.widgets import UnfoldAdminRadioSelectWidget

from access.admin.deeds import ReasonForm
from access.errors import TooManyRows
from access.masking import ends_of, masked
from access.spreadsheets import as_text

MOST_XLSX_ROWS = 50_000
_AT_ONCE = 2_000


class ExportForm(ReasonForm):
    """Ask in which form; the filter is that of the page on which the dialog was opened."""

    field_order = ("file_format", "reason")
    file_format = forms.ChoiceField(
        label="File",
        choices=[("csv", "CSV, of any length"), ("xlsx", f"Excel, up to {MOST_XLSX_ROWS:,} rows")],
        initial="csv",
        widget=UnfoldAdminRadioSelectWidget,
    )
    filters = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        page = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
        super().__init__(*args, request=request, initial={"filters": urlsplit(page).query, "file_format": "csv"}, **kwargs)


def columns_of(model: type[models.Model], never: Iterable[str]) -> list[str]:
    """Return what a file has of a model: every column that people can read, none that is secret."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.BinaryField)]
    return [field.attname for field in fields if field.name not in set(never)]


def rows_of(queryset: Any, columns: list[str], *, masks: tuple[str, ...], shortened: tuple[str, ...] = ()) -> Iterator[list[Any]]:
    """Yield the rows by their key, some thousands at a time: a cursor left open would keep SQLite's writers waiting."""
    hide = dict.fromkeys(masks, masked) | dict.fromkeys(shortened, ends_of)
    last: Any = None
    while True:
        page = queryset.order_by("pk") if last is None else queryset.order_by("pk").filter(pk__gt=last)
        rows = list(page.values_list("pk", *columns)[:_AT_ONCE])
        for _, *values in rows:
            yield [_cell(hide[column](value) if column in hide else value) for column, value in zip(columns, values, strict=True)]
        if len(rows) < _AT_ONCE:
            return
        last = rows[-1][0]


def download(name: str, file_format: str, columns: list[str], rows: Iterator[list[Any]]) -> HttpResponse | StreamingHttpResponse:
    """Return the rows as a file to keep; raises TooManyRows for more than a spreadsheet is made of here."""
    answer: HttpResponse | StreamingHttpResponse
    if file_format == "xlsx":
        answer = HttpResponse(_workbook(columns, rows), content_type=XLSX.CONTENT_TYPE)
    else:
        answer = StreamingHttpResponse(_lines(columns, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.{file_format}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _cell(value: Any) -> Any:
    """Return a value as a file holds it; text that a spreadsheet would run is marked as text."""
    if value is None or isinstance(value, bool | int):
        return value
    return as_text(str(value))


class _Line:
    """What csv writes to: it keeps nothing and returns the line."""

    def write(self, line: str) -> str:
        return line


def _lines(columns: list[str], rows: Iterator[list[Any]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow(row)


def _workbook(columns: list[str], rows: Iterator[list[Any]]) -> bytes:
    table = tablib.Dataset(headers=columns)
    for place, row in enumerate(rows):
        if place == MOST_XLSX_ROWS:
            raise TooManyRows(most=MOST_XLSX_ROWS)
        table.append(row)
    return bytes(XLSX().export_data(table))


def narrowed(filters: str) -> QueryDict:
    """Return the filters of a list's address."""
    given = QueryDict(filters, mutable=True)
    given.pop("p", None)  # a page is no filter
    return given
