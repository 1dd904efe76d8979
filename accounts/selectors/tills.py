"""Tills as rows: which are open, whose, and what should be in them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import QuerySet

from access.models import User
from accounts.errors import TillNotOpen
from accounts.models import TillSession
from accounts.selectors.moments import Moment

Status = TillSession.Status


class TillRow(msgspec.Struct, frozen=True, kw_only=True):
    """One session of a till; `cash_minor` is what its postings say is in the drawer now."""

    id: UUID
    number: str
    currency: str
    teller_id: int
    teller: str
    status: str
    cash_minor: int
    float_minor: int
    opened_at: Moment
    opened_seq: int
    account_id: int
    counted_seq: int | None
    counted_minor: int | None
    expected_minor: int | None
    counted_at: Moment | None
    explanation: str
    adjustment: UUID | None
    closed_at: Moment | None

    @property
    def difference_minor(self) -> int:
        """Return what was counted above (or, negative, below) what should have been there."""
        return (self.counted_minor or 0) - (self.expected_minor or 0)


def open_tills(*, teller: User | None = None) -> list[TillRow]:
    """Return the tills that are not closed, of one teller or of all."""
    sessions = TillSession.objects.exclude(status=Status.CLOSED)
    return _rows(sessions if teller is None else sessions.filter(teller=teller))


def till_session(*, session_id: UUID) -> TillRow:
    """Return one session, over or not; raises TillNotOpen where there is none."""
    found = _rows(TillSession.objects.filter(id=session_id))
    if not found:
        raise TillNotOpen(till=str(session_id))
    return found[0]


def sessions_between(*, start: datetime, end: datetime) -> list[TillRow]:
    """Return the sessions that were opened from `start` on and before `end`."""
    return _rows(TillSession.objects.filter(opened_at__gte=start, opened_at__lt=end))


def opened_at(*, tills: Collection[str]) -> dict[str, datetime]:
    """Return since when those of the tills are open that take cash now: between their opening and their count."""
    rows = TillSession.objects.filter(status=Status.OPEN, account__number__in=list(tills))
    return dict(rows.values_list("account__number", "opened_at"))


def _rows(sessions: QuerySet[TillSession]) -> list[TillRow]:
    return [_row(session) for session in sessions.select_related("account", "teller").order_by("opened_at", "id")]


def _row(session: TillSession) -> TillRow:
    return TillRow(
        id=session.id,
        number=session.account.number,
        currency=session.account.currency,
        teller_id=session.teller_id,
        teller=session.teller.get_full_name() or session.teller.get_username(),
        status=session.status,
        cash_minor=-session.account.balance_minor if session.status != Status.CLOSED else 0,
        float_minor=session.float_minor,
        opened_at=session.opened_at,
        opened_seq=session.opened_seq,
        account_id=session.account_id,
        counted_seq=session.counted_seq,
        counted_minor=session.counted_minor,
        expected_minor=session.expected_minor,
        counted_at=session.counted_at,
        explanation=session.explanation,
        adjustment=session.adjustment,
        closed_at=session.closed_at,
    )
