"""What can be read of uploaded payments files: the list, one with its counts, its lines page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, QuerySet, Sum

from access.errors import DomainError, refusal_of
from transfers.errors import PaymentsFileUnknown
from transfers.models import PaymentsFile, PaymentsFileLine
from transfers.payments_file import OUTCOME_COLUMNS, OutcomeRow, outcome_row

_FILE = ("id", "name", "lines", "booked", "asked_by_id", "uploaded_at", "confirmed_at", "finished_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """An uploaded file: nothing of it has moved before it is confirmed; `booked` of its `lines` have an outcome."""

    id: UUID
    name: str
    lines: int
    booked: int
    asked_by_id: int
    asked_by: str
    uploaded_at: datetime
    confirmed_at: datetime | None
    finished_at: datetime | None

    @property
    def status(self) -> str:
        """Return how far it is, as a word."""
        return "looked-through" if self.confirmed_at is None else "finished" if self.finished_at else "under-way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many lines have come to the same end, and what they are worth in one currency; unreadable lines are worth nothing."""

    status: str
    currency: str
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLine:
    """One line; `status` is what became of it, `foreseen-...` as long as it was only looked through."""

    place: int
    number: int
    end_to_end_id: str
    debtor: str
    creditor: str
    creditor_name: str
    amount_minor: int | None
    currency: str
    status: str
    refusal: DomainError | None
    transfer_id: UUID | None


def files_before(*, before: UUID | None = None, limit: int) -> list[FileRow]:
    """Return uploaded files, the newest first, from below the id `before`."""
    rows = PaymentsFile.objects.order_by("-id")
    return [_file(row) for row in _shown(rows if before is None else rows.filter(id__lt=before))[:limit]]


def payments_file(*, file_id: UUID) -> FileRow:
    """Return one uploaded file; raises PaymentsFileUnknown."""
    for row in _shown(PaymentsFile.objects.filter(id=file_id)):
        return _file(row)
    raise PaymentsFileUnknown(file=str(file_id))


def file_tallies(*, file: FileRow) -> list[Tally]:
    """Return how many lines there are of each kind: of what is foreseen until the file is confirmed, then of what has become of them.

    Counts the lines of one file, which are at most a few thousand.
    """
    lines = PaymentsFileLine.objects.filter(file=file.id)
    column = "foreseen" if file.confirmed_at is None else "outcome"
    found = (
        lines.exclude(**{column: ""})
        .values_list(column, "currency")
        .annotate(Count("id"), Sum("amount_minor"))
        .order_by(column, "currency")
    )
    return [
        Tally(status=_status(status, column), currency=currency, count=count, amount_minor=amount or 0)
        for status, currency, count, amount in found
    ]


def file_lines(*, file: FileRow, after: int = -1, refused_only: bool = False, limit: int) -> list[FileLine]:
    """Return lines in the order of the file, from behind the place `after`."""
    lines = PaymentsFileLine.objects.filter(file=file.id, place__gt=after).order_by("place")
    if refused_only:
        lines = lines.filter(**{"foreseen" if file.confirmed_at is None else "outcome": "refused"})
    return [_line(line) for line in lines[:limit]]


def file_outcomes(*, file: FileRow) -> list[Sequence[Any]]:
    """Return the header and a row for each line that was booked: what `import_payments` writes beside a file."""
    return [
        OUTCOME_COLUMNS,
        *(_outcome(line) for line in PaymentsFileLine.objects.filter(file=file.id).exclude(outcome="").order_by("place")),
    ]


def _shown(rows: "QuerySet[PaymentsFile]") -> "QuerySet[PaymentsFile, dict[str, Any]]":
    shown: QuerySet[PaymentsFile, dict[str, Any]] = rows.values(
        *_FILE, first=F("asked_by__first_name"), last=F("asked_by__last_name"), user=F("asked_by__username")
    )
    return shown


def _file(row: dict[str, Any]) -> FileRow:
    name = f"{row.pop('first')} {row.pop('last')}".strip()
    user = row.pop("user")
    return FileRow(**row, asked_by=name or user)


def _status(status: str, column: str) -> str:
    return f"foreseen-{status}" if column == "foreseen" else status


def _line(line: PaymentsFileLine) -> FileLine:
    """Return a line with what became of it, or what is foreseen as long as nothing has."""
    code, facts = (line.code, line.facts) if line.outcome else (line.foreseen_code, line.foreseen_facts)
    return FileLine(
        place=line.place,
        number=line.number,
        end_to_end_id=line.end_to_end_id,
        debtor=line.debtor,
        creditor=line.creditor,
        creditor_name=line.creditor_name,
        amount_minor=line.amount_minor,
        currency=line.currency,
        status=line.outcome or _status(line.foreseen, "foreseen"),
        refusal=refusal_of(code=code, facts=facts) if code else None,
        transfer_id=line.transfer_id,
    )


def _outcome(line: PaymentsFileLine) -> OutcomeRow:
    refusal = refusal_of(code=line.code, facts=line.facts) if line.code else None
    transfer_id = str(line.transfer_id or "")
    return outcome_row(number=line.number, end_to_end_id=line.end_to_end_id, outcome=line.outcome, transfer_id=transfer_id, refusal=refusal)
