"""The ledger's rows: read under lock, written set-based; `accounts/ledger.py` alone calls this."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from access.sets import Insert, Update, execute, text_array
from accounts.models import STRIPES, Account, BalanceStripe, Hold, Posting, Spend
from accounts.rules import AccountState, Decision, HoldRow, HoldState, PostingRow

# Holds are locked before accounts and accounts in ascending id, everywhere: who locks in one order never waits in a circle.
# A striped account's row is not locked at all: nothing on it changes, and a lock would make it the hot row its stripes avoid.
# A session uses the stripe its backend's number names: neighbours get different ones, and a forked process gets its own.
_COLUMNS = """a.id, a.number, a.kind, a.currency, a.status, a.striped, a.balance_minor, a.held_minor, a.floor_minor, a.ceiling_minor,
              a.last_seq, a.holder_name, a.customer_id"""
_FIRST_END = (
    "CASE WHEN a.held_minor > 0 THEN (SELECT MIN(h.expires_at) FROM accounts_hold h WHERE h.account_id = a.id AND h.status = 'placed') END"
)
# Behind a SELECT the planner cannot count the array, so one plan serves one account and a thousand and is not made anew each time.
_LOCK = {
    "postgresql": f"""
        SELECT * FROM (
            SELECT {_COLUMNS}, NULL::bigint, {_FIRST_END} FROM accounts_account a
            WHERE a.number = ANY((SELECT %s::text[])::text[]) AND NOT a.striped
            ORDER BY a.id FOR NO KEY UPDATE
        ) ordinary
        UNION ALL
        SELECT {_COLUMNS}, s.id, NULL::timestamptz FROM accounts_account a JOIN accounts_balancestripe s ON s.account_id = a.id
        WHERE a.number = ANY((SELECT %s::text[])::text[]) AND a.striped AND s.stripe = pg_backend_pid() %% {STRIPES["postgresql"]}
    """,
    "sqlite": f"""
        SELECT {_COLUMNS}, s.id, {_FIRST_END} FROM accounts_account a
        LEFT JOIN accounts_balancestripe s ON s.account_id = a.id AND s.stripe = 0
        WHERE a.number IN (SELECT value FROM json_each(%s)) AND (NOT a.striped OR s.id IS NOT NULL) ORDER BY a.id
    """,
}

# Writing the row locks it, whether it was there or not. A limit lowered below what was spent leaves nothing, and the row as it is.
_SPENDS = """
    INSERT INTO accounts_spend (user_id, currency, day, limit_minor, spent_minor)
    VALUES {rows} ON CONFLICT (user_id, currency, day) DO UPDATE SET limit_minor =
        CASE WHEN excluded.limit_minor < accounts_spend.spent_minor THEN accounts_spend.spent_minor ELSE excluded.limit_minor END
    RETURNING currency, id, limit_minor, spent_minor
"""
_SPEND = "(CAST(%s AS bigint), %s, %s, CAST(%s AS bigint), 0)"


def lock_spends(*, user_id: int, day: date, limits: Mapping[str, int]) -> list[tuple[str, int, int, int]]:
    """Lock what a client spent on a day, ascending by currency, and return (currency, id, limit, spent) of each."""
    assert connection.in_atomic_block, "a lock lasts as long as its transaction"
    on = connection.ops.adapt_datefield_value(day)
    values = [value for currency, limit in sorted(limits.items()) for value in (user_id, currency, on, limit)]
    with connection.cursor() as cursor:
        cursor.execute(_SPENDS.format(rows=", ".join([_SPEND] * len(limits))), values)
        return [(name, spend_id, limit, spent) for name, spend_id, limit, spent in cursor.fetchall()]


def lock_holds(*, ids: Collection[UUID]) -> list[HoldState]:
    """Lock the holds in ascending id and return them."""
    assert connection.in_atomic_block, "a lock lasts as long as its transaction"
    locked = Hold.objects.filter(id__any=list(ids)).order_by("id").select_for_update(no_key=True, of=("self",))
    return [HoldState(*row) for row in locked.values_list("id", "account__number", "amount_minor", "status", "expires_at")]


def lock_expired_holds(*, accounts: Collection[int], at: datetime) -> list[HoldState]:
    """Lock the placed holds on these accounts that are over by then, but for those that others have locked, and return them."""
    over = Hold.objects.filter(account_id__in=accounts, status__word=Hold.Status.PLACED, expires_at__lte=at).order_by("id")
    locked = over.select_for_update(no_key=True, of=("self",), skip_locked=True)
    return [HoldState(*row) for row in locked.values_list("id", "account__number", "amount_minor", "status", "expires_at")]


def lock_accounts(*, numbers: Iterable[str]) -> list[AccountState]:
    """Lock the ordinary accounts of these numbers in ascending id and return them, the striped ones unlocked."""
    assert connection.in_atomic_block, "a lock lasts as long as its transaction"
    possible = [number for number in numbers if number.isascii() and "\0" not in number]  # others no account has and no database takes
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            array = text_array(possible)
            cursor.execute(_LOCK["postgresql"], [array, array])
            return [AccountState(*row) for row in cursor.fetchall()]
        cursor.execute(_LOCK["sqlite"], [json.dumps(possible)])
        return [_from_sqlite(row) for row in cursor.fetchall()]


def write(*, decision: Decision, at: datetime, also: Iterable[Insert | Update] = ()) -> None:
    """Write what was decided and `also`, in one statement on PostgreSQL; stripes, which only now are locked, come after accounts.

    Raises IntegrityError when a posting (transfer, leg) or a hold exists already.
    """
    assert connection.in_atomic_block, "postings, balances and holds stand or fall together"
    execute(
        Insert(model=Hold, fields=HoldRow._fields, rows=decision.placed, constants={"placed_at": at}),
        Update(
            model=Hold,
            sets=("status", "captured_minor", "ended_at"),
            rows=decision.ended,
            guard={"status": Hold.Status.PLACED},
            locked=True,
        ),
        Insert(model=Posting, fields=PostingRow._fields, rows=decision.postings, constants={"booked_at": at}),
        Update(model=Account, sets=("balance_minor", "held_minor", "last_seq"), rows=decision.accounts, locked=True),
        Update(model=Spend, adds=("spent_minor",), rows=decision.spent, locked=True),
        Update(model=BalanceStripe, adds=("credits_minor", "debits_minor"), rows=decision.stripes),
        *also,
    )


def _from_sqlite(row: Sequence[Any]) -> AccountState:
    """Return the account with SQLite's 0, 1 and text as what they stand for."""
    values = list(row)
    values[5] = bool(values[5])
    values[12] = UUID(values[12]) if values[12] else None
    values[14] = datetime.fromisoformat(values[14]).replace(tzinfo=UTC) if values[14] else None
    return AccountState(*values)
