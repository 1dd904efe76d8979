"""Payments files that tellers upload: looked through while nothing moves, confirmed once, then booked portion by portion."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import BytesIO, TextIOWrapper
from itertools import islice
from uuid import UUID

from django.db import transaction

from access import audit, sets
from access.errors import DomainError
from access.models import User
from access.permissions import require
from access.retry import joining, retrying
from transfers import errors, payments_file, permissions
from transfers.models import PaymentsFile, PaymentsFileLine
from transfers.orders import Payment
from transfers.payments_file import Line
from transfers.services.lines import LineOutcome, book_lines

MOST_LINES, MOST_BYTES = 5_000, 2_000_000
PORTION = 500
_FORGOTTEN_AFTER = timedelta(days=1)
_OPEN_AT_MOST = 100


def check_file(*, name: str, content: bytes, by: User, now: datetime) -> UUID:
    """Keep a file with what would become of each of its lines now, and return its id; nothing moves.

    The lines are judged together, each after those before it, in a transaction that is undone.
    Raises NotAllowed, FileTooLong, FileUnusable, FileEmpty.
    """
    require(by=by, permission=permissions.PAY)
    lines = _read_all(content, name=name)

    def work() -> UUID:
        with transaction.atomic():
            with transaction.atomic():
                foreseen = book_lines(lines, by=by, now=now)
                transaction.set_rollback(True)
            file = PaymentsFile.objects.create(name=name[:100], content=content, lines=len(lines), asked_by=by, uploaded_at=now)
            rows = [_row(file, place, outcome) for place, outcome in enumerate(foreseen)]
            PaymentsFileLine.objects.bulk_create(rows, batch_size=PORTION)
        return file.id

    return joining(work)


def confirm_file(*, file_id: UUID, by: User, now: datetime) -> None:
    """Order the file's payments: from now on they are booked, by whoever goes on with it; confirming again changes nothing.

    Raises NotAllowed, PaymentsFileUnknown, NotYourFile.
    """
    require(by=by, permission=permissions.PAY)

    def work() -> None:
        with transaction.atomic():
            file = _locked(file_id)
            if file.asked_by_id != by.pk:
                raise errors.NotYourFile(user=file.asked_by.get_full_name() or file.asked_by.get_username())
            if file.confirmed_at is None:
                PaymentsFile.objects.filter(id=file_id).update(confirmed_at=now)
                audit.record(
                    actor=by, action="payments-file.confirmed", subject=f"payments-file:{file_id}", after={"name": file.name}, now=now
                )

    joining(work)


def book_portion(*, file_id: UUID, now: datetime) -> int:
    """Book the next lines of a confirmed file, in the name of who confirmed it; return how many, 0 when none is left.

    The portion, what became of its lines and the place reached are one transaction, under the file's lock, which is taken before all
    others: whoever does this at the same time books the portion after it. Raises PaymentsFileUnknown, NotAllowed.
    """

    def work() -> int:
        with transaction.atomic(durable=True):
            file = _locked(file_id)
            if file.confirmed_at is None or file.finished_at is not None:
                return 0
            lines = list(islice(_lines(bytes(file.content), name=file.name), file.booked, file.booked + PORTION))
            outcomes = book_lines(lines, by=file.asked_by, now=now)
            _keep(file, outcomes)
            booked = file.booked + len(lines)
            PaymentsFile.objects.filter(id=file_id).update(booked=booked, finished_at=now if booked == file.lines else None)
        return len(lines)

    return retrying(work)


def book_file(*, file_id: UUID, clock: Callable[[], datetime], until: datetime) -> None:
    """Book portions of a confirmed file until none is left or it is late; the last one begun may end later."""
    while book_portion(file_id=file_id, now=clock()) and clock() < until:
        pass


def finish_files(*, now: datetime, limit: int) -> int:
    """Book up to about `limit` lines of files that were confirmed and left; return how many. Who may pay no more is not paid for."""
    done = 0
    left = PaymentsFile.objects.filter(confirmed_at__isnull=False, finished_at__isnull=True).order_by("confirmed_at", "id")
    for file in left.select_related("asked_by").defer("content")[:_OPEN_AT_MOST]:
        while done < limit and file.asked_by.has_perm(permissions.PAY) and (booked := book_portion(file_id=file.id, now=now)):
            done += booked
    return done


def forget_files(*, now: datetime, limit: int) -> int:
    """Delete files that nobody confirmed for a day; return how many."""
    over = PaymentsFile.objects.filter(confirmed_at__isnull=True, uploaded_at__lt=now - _FORGOTTEN_AFTER).order_by("uploaded_at", "id")
    with transaction.atomic():
        ids = list(over.select_for_update().values_list("id", flat=True)[:limit])
        PaymentsFileLine.objects.filter(file__in=ids).delete()
        return PaymentsFile.objects.filter(id__in=ids).delete()[0]


def _locked(file_id: UUID) -> PaymentsFile:
    """Lock a file and return it; raises PaymentsFileUnknown."""
    file = PaymentsFile.objects.filter(id=file_id).select_related("asked_by").select_for_update(no_key=True, of=("self",)).first()
    if file is None:
        raise errors.PaymentsFileUnknown(file=str(file_id))
    return file


def _read_all(content: bytes, *, name: str) -> list[Line]:
    """Return every line; raises FileTooLong, FileUnusable, FileEmpty."""
    too_long = errors.FileTooLong(file=name[:100], lines=MOST_LINES, bytes=MOST_BYTES)
    if len(content) > MOST_BYTES:
        raise too_long
    lines = list(islice(_lines(content, name=name[:100]), MOST_LINES + 1))
    if len(lines) > MOST_LINES:
        raise too_long
    if not lines:
        raise errors.FileEmpty(file=name[:100])
    return lines


def _lines(content: bytes, *, name: str) -> Iterator[Line]:
    """Return the lines of a file's bytes, read one at a time; raises FileUnusable at the first."""
    return payments_file.read(TextIOWrapper(BytesIO(content), encoding="utf-8", errors="surrogateescape", newline=""), name=name)


def _row(file: PaymentsFile, place: int, foreseen: LineOutcome) -> PaymentsFileLine:
    """Return a line as it is kept."""
    line, refusal = foreseen.line, foreseen.refusal
    order = line.order if isinstance(line.order, Payment) else None
    return PaymentsFileLine(
        file=file,
        place=place,
        number=line.number,
        end_to_end_id=line.end_to_end_id[:200],
        debtor=order.debtor[:34] if order else "",
        creditor=order.creditor[:34] if order else "",
        creditor_name=order.creditor_name[:140] if order else "",
        amount_minor=order.amount.amount_minor if order else None,
        currency=order.amount.currency if order else "",
        foreseen=foreseen.outcome,
        foreseen_code=refusal.code if refusal else "",
        foreseen_facts=refusal.facts if refusal else {},
    )


def _keep(file: PaymentsFile, outcomes: list[LineOutcome]) -> None:
    """Write what became of the lines after those that were booked before."""
    places = range(file.booked, file.booked + len(outcomes))
    ids = dict(PaymentsFileLine.objects.filter(file=file, place__in=places).values_list("place", "id"))
    rows = [
        (ids[place], each.outcome, *_refusal(each.refusal), UUID(each.transfer_id) if each.transfer_id else None)
        for place, each in zip(places, outcomes, strict=True)
    ]
    sets.execute(sets.Update(model=PaymentsFileLine, sets=("outcome", "code", "facts", "transfer_id"), rows=rows))


def _refusal(refusal: DomainError | None) -> tuple[str, dict[str, object]]:
    return (refusal.code, dict(refusal.facts)) if refusal else ("", {})
