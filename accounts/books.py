"""Checking the books: everything that follows from the postings alone is worked out anew and compared with what is stored."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import connection

from access import triggers
from accounts.models import STRIPES


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One thing that is not as the postings say: which `check` found it, on what `subject`."""

    check: str
    subject: str
    expected: str
    found: str


_ALSO: dict[Callable[[], Iterator[Difference]], None] = {}  # in their order, each once
_SIDES = """
    WITH sides AS (
        SELECT credit_account_id AS account_id, credit_seq AS seq, credit_balance_after AS balance_after, amount_minor AS amount
        FROM accounts_posting
        UNION ALL
        SELECT debit_account_id, debit_seq, debit_balance_after, -amount_minor FROM accounts_posting
    ), totals AS (
        SELECT currency, CAST(SUM(balance) AS bigint) AS total FROM (
            SELECT currency, balance_minor AS balance FROM accounts_account
            UNION ALL
            SELECT a.currency, s.credits_minor - s.debits_minor FROM accounts_balancestripe s JOIN accounts_account a ON a.id = s.account_id
        ) everything
        GROUP BY currency
    )
"""
_TOTALS = "SELECT currency, total FROM totals ORDER BY currency"  # reads no posting: a database works out only what is asked for

# Each query names what differs as (subject, expected, found); none of them finds anything in sound books.
CHECKS: dict[str, str] = {
    "balance": """
        SELECT a.number, CAST(COALESCE(s.total, 0) AS bigint), a.balance_minor
        FROM accounts_account a LEFT JOIN (SELECT account_id, SUM(amount) AS total FROM sides GROUP BY account_id) s ON s.account_id = a.id
        WHERE NOT a.striped AND a.balance_minor <> COALESCE(s.total, 0)
        ORDER BY a.id
    """,
    "last place": """
        SELECT a.number, COALESCE(s.places, 0), a.last_seq
        FROM accounts_account a LEFT JOIN (SELECT account_id, COUNT(*) AS places FROM sides GROUP BY account_id) s ON s.account_id = a.id
        WHERE NOT a.striped AND a.last_seq <> COALESCE(s.places, 0)
        ORDER BY a.id
    """,
    "history": """
        SELECT a.number, 'every place replays', CAST(COUNT(*) AS text) || ' do not, the first is ' || CAST(MIN(s.place) AS text)
        FROM (
            SELECT account_id, seq, balance_after, ROW_NUMBER() OVER history AS place, SUM(amount) OVER history AS running
            FROM sides WINDOW history AS (PARTITION BY account_id ORDER BY seq ROWS UNBOUNDED PRECEDING)
        ) s JOIN accounts_account a ON a.id = s.account_id
        WHERE NOT a.striped AND (s.seq IS NULL OR s.seq <> s.place OR s.balance_after <> s.running)
        GROUP BY a.id, a.number ORDER BY a.id
    """,
    "places of striped": """
        SELECT a.number, 'no places', CAST(COUNT(*) AS text) || ' postings have one'
        FROM sides s JOIN accounts_account a ON a.id = s.account_id WHERE a.striped AND s.seq IS NOT NULL
        GROUP BY a.id, a.number ORDER BY a.id
    """,
    "stripes": """
        SELECT a.number, CAST(COALESCE(s.credits, 0) AS text) || ' credited, ' || CAST(COALESCE(s.debits, 0) AS text) || ' debited',
               CAST(COALESCE(t.credits, 0) AS text) || ' credited, ' || CAST(COALESCE(t.debits, 0) AS text) || ' debited'
        FROM accounts_account a
        LEFT JOIN (
            SELECT account_id, SUM(CASE WHEN amount > 0 THEN amount ELSE 0 END) AS credits,
                   SUM(CASE WHEN amount < 0 THEN -amount ELSE 0 END) AS debits
            FROM sides GROUP BY account_id
        ) s ON s.account_id = a.id
        LEFT JOIN (
            SELECT account_id, SUM(credits_minor) AS credits, SUM(debits_minor) AS debits FROM accounts_balancestripe GROUP BY account_id
        ) t ON t.account_id = a.id
        WHERE (a.striped OR t.account_id IS NOT NULL) AND (
            NOT a.striped OR COALESCE(s.credits, 0) <> COALESCE(t.credits, 0) OR COALESCE(s.debits, 0) <> COALESCE(t.debits, 0)
        )
        ORDER BY a.id
    """,
    "holds": """
        SELECT a.number, CAST(COALESCE(h.held, 0) AS bigint), a.held_minor
        FROM accounts_account a
        LEFT JOIN (SELECT account_id, SUM(amount_minor) AS held FROM accounts_hold WHERE status = 'placed' GROUP BY account_id) h
            ON h.account_id = a.id
        WHERE a.held_minor <> COALESCE(h.held, 0)
        ORDER BY a.id
    """,
    "limits": """
        SELECT number, 'between ' || COALESCE(CAST(floor_minor AS text), 'any') || ' and ' || COALESCE(CAST(ceiling_minor AS text), 'any'),
               CAST(balance_minor AS text) || ' with ' || CAST(held_minor AS text) || ' held'
        FROM accounts_account WHERE balance_minor - held_minor < floor_minor OR balance_minor > ceiling_minor OR held_minor < 0
        ORDER BY id
    """,
    "closed": """
        SELECT number, 'nothing', CAST(balance_minor AS text) || ' with ' || CAST(held_minor AS text) || ' held'
        FROM accounts_account WHERE status = 'closed' AND (balance_minor <> 0 OR held_minor <> 0) ORDER BY id
    """,
    "till between sessions": """
        SELECT a.number, CASE WHEN s.account_id IS NULL THEN 'closed' ELSE 'open' END, a.status
        FROM accounts_account a LEFT JOIN accounts_tillsession s ON s.account_id = a.id AND s.status <> 'closed'
        WHERE a.kind = 'till' AND (a.status = 'closed') <> (s.account_id IS NULL)
        ORDER BY a.id
    """,
    "till at its count": """
        SELECT number, in_drawer, expected FROM (
            SELECT a.id, s.opened_at, a.number, s.expected_minor AS expected, COALESCE(
                (SELECT -p.credit_balance_after FROM accounts_posting p WHERE p.credit_account_id = a.id AND p.credit_seq = s.counted_seq),
                (SELECT -p.debit_balance_after FROM accounts_posting p WHERE p.debit_account_id = a.id AND p.debit_seq = s.counted_seq), 0
            ) AS in_drawer
            FROM accounts_tillsession s JOIN accounts_account a ON a.id = s.account_id WHERE s.counted_seq IS NOT NULL
        ) counts
        WHERE in_drawer <> expected
        ORDER BY id, opened_at
    """,
    "currency": """
        SELECT CAST(p.id AS text), d.currency || ' and ' || c.currency, p.currency
        FROM accounts_posting p
        JOIN accounts_account d ON d.id = p.debit_account_id JOIN accounts_account c ON c.id = p.credit_account_id
        WHERE p.currency <> d.currency OR p.currency <> c.currency
        ORDER BY p.id
    """,
    "sum": """
        SELECT currency, 0, total FROM totals WHERE total <> 0 ORDER BY currency
    """,
}


def check_also(check: Callable[[], Iterator[Difference]]) -> None:
    """Have another app's books checked with all others, at every site; saying so again changes nothing."""
    _ALSO[check] = None


def recompute() -> Iterator[Difference]:
    """Yield every difference, check by check, inside the caller's transaction (one snapshot: REPEATABLE READ on PostgreSQL)."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL statement_timeout = 0")  # a bank's whole history is read, once, on purpose
        for check, query in CHECKS.items():
            cursor.execute(_SIDES + query)
            for subject, expected, found in cursor.fetchall():
                yield Difference(check=check, subject=str(subject), expected=str(expected), found=str(found))
    yield from _missing_stripes()
    for name in triggers.missing(connection, triggers.registered()):
        yield Difference(check="triggers", subject=name, expected="in place", found="missing or switched off")
    for also in _ALSO:
        yield from also()


def imbalances() -> dict[str, int]:
    """Return the sum of all balances in each currency, of one moment: 0 each in sound books. Looks at every account, at no posting."""
    with connection.cursor() as cursor:
        cursor.execute(_SIDES + _TOTALS)
        return {str(currency): int(total) for currency, total in cursor.fetchall()}


def _missing_stripes() -> Iterator[Difference]:
    """Yield the striped accounts that some sessions would not find their stripe of."""
    stripes = STRIPES[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.number, COUNT(s.id) FROM accounts_account a LEFT JOIN accounts_balancestripe s ON s.account_id = a.id
            WHERE a.striped GROUP BY a.id, a.number ORDER BY a.id
            """
        )
        for number, count in cursor.fetchall():
            if count != stripes:
                yield Difference(check="number of stripes", subject=number, expected=str(stripes), found=str(count))
