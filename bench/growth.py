"""A bank with a history: as many postings as wanted, laid down at once; called inside workers."""

import random
import time
from pathlib import Path

from django.db import connection, transaction

from access.site import this_bank
from accounts import selectors
from bench.bank import iban_of, teller

ACCOUNTS = 100
_PAGE = 50
_SQL = Path(__file__).with_name("growth.sql")


def lay_down(*, postings: int) -> None:
    """Write that many completed payments of one cent around a ring of accounts, as if they had been made one after the other."""
    assert postings % ACCOUNTS == 0, "only whole rounds leave every account as it was"
    values = {"postings": postings, "accounts": ACCOUNTS, "bank": this_bank().code, "by": teller().pk}
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _SQL.read_text().split(";\n"):
            if statement.strip():
                cursor.execute(statement % {name: f"'{value}'" if isinstance(value, str) else value for name, value in values.items()})
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")


def pages(*, seconds: float) -> float:
    """Return the milliseconds one page of a random account's statement takes, from a random place on."""
    lasts = {number: selectors.statement(number=number, limit=1)[0].seq for number in map(_number, range(ACCOUNTS))}
    done = 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        number = _number(random.randrange(ACCOUNTS))
        lines = selectors.statement(number=number, before_seq=random.randint(_PAGE + 1, lasts[number] + 1), limit=_PAGE)
        assert len(lines) == _PAGE, "every page is full"
        done += 1
    return 1_000 * (time.perf_counter() - begun) / done


def _number(place: int) -> str:
    return iban_of(place, bank=this_bank().code)
