"""Booking a payments file chunk by chunk, however large it is: reading it again books nothing twice."""

import csv
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

from django.db import transaction

from access.models import User
from access.retry import retrying
from transfers import payments_file
from transfers.payments_file import OUTCOME_COLUMNS, Line, OutcomeRow, outcome_row
from transfers.services.lines import LineOutcome, book_lines

CHUNK = 1_000


def import_payments(*, path: Path, by: User, clock: Callable[[], datetime], progress: Callable[[int, Sequence[OutcomeRow]], None]) -> Path:
    """Book every line of the file and return the path of the outcomes written beside it, which replace earlier ones in one step at the end.

    `clock` is read once a chunk. `progress` is told the bytes read so far and the chunk's rows. Memory is bounded by the chunk.
    Raises FileUnusable, NotAllowed; OSError when a file cannot be read or written.
    """
    outcomes = path.with_name(path.name + ".outcomes.csv")
    partial = outcomes.with_name(outcomes.name + ".partial")
    with path.open("rb") as source, partial.open("w", encoding="utf-8", newline="") as target:
        text = TextIOWrapper(source, encoding="utf-8", errors="surrogateescape", newline="")
        writer = csv.writer(target)
        writer.writerow(OUTCOME_COLUMNS)
        lines = payments_file.read(text, name=path.name)
        while chunk := list(islice(lines, CHUNK)):
            rows = _book(chunk, by=by, now=clock())
            writer.writerows(rows)
            progress(source.tell(), rows)
        target.flush()
        os.fsync(target.fileno())
    partial.replace(outcomes)
    return outcomes


def _book(chunk: Sequence[Line], *, by: User, now: datetime) -> list[OutcomeRow]:
    """Book the lines of one chunk in one transaction and return a row for each."""

    def work() -> list[OutcomeRow]:
        with transaction.atomic(durable=True):
            return [_row(done) for done in book_lines(chunk, by=by, now=now)]

    return retrying(work)


def _row(done: LineOutcome) -> OutcomeRow:
    """Return the row that answers a line."""
    number, named = done.line.number, done.line.end_to_end_id
    return outcome_row(number=number, end_to_end_id=named, outcome=done.outcome, transfer_id=done.transfer_id, refusal=done.refusal)
