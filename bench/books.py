"""The books of a bank after a run: a fast bank whose books are wrong has reached nothing."""

from django.db import connection, transaction

from access.site import this_bank
from accounts import books, numbers
from bench.bank import EUR


class BooksWrong(Exception):
    """A bank's books do not follow from its postings, or two banks disagree about what they owe each other."""


def check() -> None:
    """Work everything out anew from the postings, in one snapshot; raise BooksWrong with every difference."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        differences = list(books.recompute())
    if differences:
        raise BooksWrong(f"{this_bank().code}: {differences}")


def clearing_balance(*, partner: str) -> int:
    """Return what the clearing account with the partner holds: the sum of its stripes."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT sum(s.credits_minor - s.debits_minor)::bigint
            FROM accounts_balancestripe s JOIN accounts_account a ON a.id = s.account_id WHERE a.number = %s
            """,
            [numbers.clearing(partner, EUR)],
        )
        return int(cursor.fetchone()[0])
