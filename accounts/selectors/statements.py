"""What happened on one account, page by page, and what it held at a moment; both cost the same however long its history is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from access.models import User
from accounts.errors import AccountInternal, AccountUnknown, StatementTooLong
from accounts.models import Account, Posting
from accounts.selectors.found import AccountRow, account_by_number
from accounts.selectors.moments import Moment

_NEWEST = 2**63 - 1
_INSTANT = timedelta(microseconds=1)  # the finest that either database keeps

# One question for the account, whether it may be seen, and the page: an account without postings gives a row without a place.
# Places on an account are 1, 2, 3 ... without a gap, so a page is known by its places: each side reads of them what is its own.
_STATEMENT = """
    WITH own AS (
        SELECT id, CASE WHEN last_seq < CAST(%s AS bigint) THEN last_seq + 1 ELSE CAST(%s AS bigint) END AS below
        FROM accounts_account a WHERE a.number = %s{mandated}
    )
    SELECT page.seq, page.booked_at, page.transfer_id, page.leg, page.amount, page.balance_after,
           other.number, other.holder_name, page.currency
    FROM own LEFT JOIN (
        SELECT credit_seq AS seq, booked_at, transfer_id, leg, amount_minor AS amount, credit_balance_after AS balance_after,
               debit_account_id AS other_id, currency
        FROM accounts_posting WHERE credit_account_id = (SELECT id FROM own)
            AND credit_seq < (SELECT below FROM own) AND credit_seq >= (SELECT below FROM own) - CAST(%s AS bigint)
        UNION ALL
        SELECT debit_seq, booked_at, transfer_id, leg, -amount_minor, debit_balance_after, credit_account_id, currency
        FROM accounts_posting WHERE debit_account_id = (SELECT id FROM own)
            AND debit_seq < (SELECT below FROM own) AND debit_seq >= (SELECT below FROM own) - CAST(%s AS bigint)
    ) page ON true
    LEFT JOIN accounts_account other ON other.id = page.other_id
    ORDER BY page.seq DESC
"""
_MANDATED = """
    AND EXISTS (SELECT 1 FROM accounts_mandate m WHERE m.customer_id = a.customer_id AND m.user_id = CAST(%s AS bigint))
"""

# Places have no gap, so halving finds one in some twenty looks at an index.
_PLACE_AT = """
    WITH RECURSIVE search(low, high) AS (
        SELECT CAST(0 AS bigint), last_seq FROM accounts_account WHERE id = CAST(%s AS bigint)
        UNION ALL
        SELECT CASE WHEN tried.booked_at <= %s THEN (low + high + 1) / 2 ELSE low END,
               CASE WHEN tried.booked_at <= %s THEN high ELSE (low + high + 1) / 2 - 1 END
        FROM search JOIN accounts_posting tried
            ON (tried.credit_account_id = CAST(%s AS bigint) AND tried.credit_seq = (low + high + 1) / 2)
            OR (tried.debit_account_id = CAST(%s AS bigint) AND tried.debit_seq = (low + high + 1) / 2)
        WHERE low < high
    )
    SELECT found.low, COALESCE(
        (SELECT credit_balance_after FROM accounts_posting WHERE credit_account_id = CAST(%s AS bigint) AND credit_seq = found.low),
        (SELECT debit_balance_after FROM accounts_posting WHERE debit_account_id = CAST(%s AS bigint) AND debit_seq = found.low),
        0
    ) FROM search found WHERE found.low = found.high
"""


class StatementLine(msgspec.Struct, frozen=True):
    """One posting as its account sees it: `amount_minor` is negative when money left; the counterparty is the other account."""

    seq: int
    booked_at: Moment
    transfer_id: UUID
    leg: str
    amount_minor: int
    balance_after_minor: int
    counterparty: str
    counterparty_name: str
    currency: str


class AccountBalance(msgspec.Struct, frozen=True):
    """What an account holds or held."""

    number: str
    currency: str
    balance_minor: int


def statement(*, number: str, before_seq: int | None = None, limit: int = 50, reach: User | None = None) -> list[StatementLine]:
    """Return the account's postings, newest first, from below the place `before_seq`; the last line's `seq` asks for the next page.

    A striped account keeps no places and has no statement. Raises AccountUnknown, also where it is out of reach.
    """
    below = _NEWEST if before_seq is None else before_seq
    is_asked = reach is not None and not reach.acts_for_all
    who = [number, reach.pk] if reach is not None and is_asked else [number]
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT.format(mandated=_MANDATED if is_asked else ""), [below, below, *who, limit, limit])
        rows = cursor.fetchall()
    if not rows:
        raise AccountUnknown(account=number)
    at, transfer = _reader("booked_at"), _reader("transfer_id")
    return [
        StatementLine(seq, at(booked_at), transfer(transfer_id), *rest) for seq, booked_at, transfer_id, *rest in rows if seq is not None
    ]


def balance_at(*, number: str, at: datetime) -> int:
    """Return the balance in minor units after the postings booked up to `at`; a striped account's history is not kept: 0.

    Postings of one account follow each other as their transactions did, which may differ from their clocks by moments; the answer
    is the balance between two neighbours of which the first was booked by then and the second later. Raises AccountUnknown.
    """
    return _place_at(_account_id(number), at)[1]


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """What happened on an account from one moment to before another: its lines, oldest first, and what it held before and after."""

    account: AccountRow
    opening_minor: int
    closing_minor: int
    lines: list[StatementLine]


def statement_between(*, number: str, begin: datetime, end: datetime, most: int, reach: User | None = None) -> Period:
    """Return what was booked from `begin` to before `end`, in a fixed number of queries however long the history is.

    Raises AccountUnknown, also where it is out of reach, AccountInternal for a striped account, which has no statement, and
    StatementTooLong for more than `most` lines.
    """
    account = account_by_number(number=number, reach=reach)
    if account.striped:
        raise AccountInternal(account=number)
    account_id = _account_id(number)
    first, opening_minor = _place_at(account_id, begin - _INSTANT)
    last, closing_minor = _place_at(account_id, end - _INSTANT)
    if last - first > most:
        raise StatementTooLong(lines=last - first, most=most)
    lines = statement(number=number, before_seq=last + 1, limit=last - first) if last > first else []
    return Period(account=account, opening_minor=opening_minor, closing_minor=closing_minor, lines=lines[::-1])


def place_at(*, number: str, at: datetime) -> int:
    """Return the place of the account's last posting booked up to `at`, 0 before the first; raises AccountUnknown."""
    return _place_at(_account_id(number), at)[0]


def balance_of(*, number: str, at: datetime | None = None, reach: User | None = None) -> AccountBalance:
    """Return what the account holds now, or held at a moment that has been.

    Raises AccountUnknown, also where it is out of reach, and AccountInternal for the past of a striped account, which is not kept.
    """
    account = account_by_number(number=number, reach=reach)
    if at is None:
        return AccountBalance(number, account.currency, account.balance_minor)
    if account.striped:
        raise AccountInternal(account=number)
    was_open = at >= account.opened_at  # also keeps from the database moments too early for it
    return AccountBalance(number, account.currency, balance_at(number=number, at=at) if was_open else 0)


def _place_at(account_id: int, at: datetime) -> tuple[int, int]:
    """Return the place of the last posting booked up to a moment, 0 before the first, and the balance after it."""
    moment = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.execute(_PLACE_AT, [account_id, moment, moment, *[account_id] * 4])
        row = cursor.fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _account_id(number: str) -> int:
    account_id = Account.objects.filter(number=number).values_list("id", flat=True).first()
    if account_id is None:
        raise AccountUnknown(account=number)
    return account_id


def _reader(name: str) -> Callable[[Any], Any]:
    """Return what turns a raw value of this column of postings into what the ORM would have read."""
    expression = Posting._meta.get_field(name).cached_col  # type: ignore[union-attr]  # a column, not a relation
    converters = connection.ops.get_db_converters(expression)

    def read(value: Any) -> Any:
        for convert in converters:
            value = convert(value, expression, connection)
        return value

    return read
