"""Booking a payments file chunk by chunk, the keys of its lines in the same transaction: reading it again books nothing twice."""

import csv
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

from django.db import transaction

from access import idempotency
from access.errors import DomainError
from access.idempotency import Fresh, Repeated
from access.models import User
from access.retry import retrying
from transfers import payments_file
from transfers.orders import Accepted, Payment
from transfers.payments_file import OUTCOME_COLUMNS, Line
from transfers.services.submit import submit

PRINCIPAL = "payments-file"  # a payment is the same whoever brings the file
CHUNK = 1_000
Row = tuple[int, str, str, str, str, str]


def import_payments(*, path: Path, by: User, clock: Callable[[], datetime], progress: Callable[[int, Sequence[Row]], None]) -> Path:
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


def _book(chunk: Sequence[Line], *, by: User, now: datetime) -> list[Row]:
    """Book the lines of one chunk in one transaction and return a row for each."""

    def work() -> list[Row]:
        with transaction.atomic(durable=True):
            return _book_once(chunk, by=by, now=now)

    return retrying(work)


def _book_once(chunk: Sequence[Line], *, by: User, now: datetime) -> list[Row]:
    """Claim the keys, book what is fresh, keep the keys of what was accepted and give back those of what was refused."""
    orders = [line for line in chunk if isinstance(line.order, Payment)]
    claims = idempotency.once_each(principal=PRINCIPAL, keys=[(line.key, line.fingerprint) for line in orders])
    fresh = [line for line, claim in zip(orders, claims, strict=True) if isinstance(claim, Fresh)]
    booked = submit(orders=[line.order for line in fresh if isinstance(line.order, Payment)], by=by, now=now)
    outcome_of = {line.key: outcome for line, outcome in zip(fresh, booked, strict=True)}
    accepted = {key: {"transfer_id": str(outcome.transfer_id)} for key, outcome in outcome_of.items() if isinstance(outcome, Accepted)}
    idempotency.keep(principal=PRINCIPAL, bodies=accepted)
    idempotency.forget(principal=PRINCIPAL, keys=outcome_of.keys() - accepted.keys())
    claim_of = {line.number: claim for line, claim in zip(orders, claims, strict=True)}
    return [_row(line, claim_of.get(line.number), outcome_of) for line in chunk]


def _row(line: Line, claim: Fresh | Repeated | DomainError | None, outcome_of: dict[str, Accepted | DomainError]) -> Row:
    """Return the row that answers a line."""
    if isinstance(line.order, DomainError):
        return _refused(line, line.order)
    if isinstance(claim, DomainError):
        return _refused(line, claim)
    outcome = outcome_of.get(line.key)
    if isinstance(claim, Repeated) and not isinstance(outcome, DomainError):
        transfer_id = str(outcome.transfer_id) if outcome else str(claim.body.get("transfer_id", ""))
        return (line.number, line.end_to_end_id, "repeated", transfer_id, "", "This payment was booked before.")
    assert outcome is not None, "a line whose key was free was judged"
    if isinstance(outcome, DomainError):
        return _refused(line, outcome)
    return (line.number, line.end_to_end_id, outcome.status, str(outcome.transfer_id), "", "")


def _refused(line: Line, refusal: DomainError) -> Row:
    return (line.number, line.end_to_end_id, "refused", "", refusal.code, str(refusal))
