"""The limit: the same rows as the product writes, by hand-written SQL and nothing else. Never used outside the bench."""

from functools import cache
from uuid import uuid4

import psycopg
from django.conf import settings
from django.utils import timezone
from uuid_utils.compat import uuid7

from access.sets import text_array
from access.site import this_bank
from bench.bank import EUR, teller
from bench.orders import Wish

_ONE = "SELECT bench_pay_one(%s::uuid, %s::text, %s::text, %s::bigint, %s::text, %s::text, %s::text, %s::text, %s::bigint, %s::timestamptz)"
_MANY = """SELECT bench_pay_many(
    %s::uuid[], %s::text[], %s::text[], %s::bigint[], %s::text, %s::text[], %s::text[], %s::text, %s::bigint, %s::timestamptz
)"""
_MANY_KEPT = f"""WITH done AS MATERIALIZED ({_MANY} AS number), kept AS (
    INSERT INTO access_idempotencykey (principal, key, fingerprint, status, body)
    SELECT 'bench', %s::text, md5(''), 200, %s::text FROM done
) SELECT number FROM done"""


def pay_one(wish: Wish) -> None:
    """Book one payment with one call."""
    parameters = (uuid7(), wish.debtor, wish.creditor, wish.amount_minor, EUR, wish.reference, wish.end_to_end_id, *_constants())
    row = _connection().execute(_ONE, parameters).fetchone()
    assert row == ("completed",), row


def pay_many(wishes: list[Wish]) -> None:
    """Book a batch with one call."""
    row = _connection().execute(_MANY, _batch(wishes)).fetchone()
    assert row == (len(wishes),), row


def pay_many_and_keep(wishes: list[Wish], *, answer: str) -> None:
    """Book a batch and keep what was answered under a new key, with one call."""
    row = _connection().execute(_MANY_KEPT, (*_batch(wishes), uuid4().hex, answer)).fetchone()
    assert row == (len(wishes),), row


def _batch(wishes: list[Wish]) -> tuple[object, ...]:
    return (
        "{" + ",".join([str(uuid7()) for _ in wishes]) + "}",
        text_array([wish.debtor for wish in wishes]),
        text_array([wish.creditor for wish in wishes]),
        "{" + ",".join([str(wish.amount_minor) for wish in wishes]) + "}",
        EUR,
        text_array([wish.reference for wish in wishes]),
        text_array([wish.end_to_end_id for wish in wishes]),
        *_constants(),
    )


def _constants() -> tuple[object, ...]:
    code, user_id = _who()
    return code, user_id, timezone.now()


@cache
def _who() -> tuple[str, int]:
    return this_bank().code, teller().pk


@cache
def _connection() -> "psycopg.Connection[tuple[object, ...]]":
    """Return a plain connection to the bank's database, kept for the life of the process; every call commits by itself."""
    database = settings.DATABASES["default"]
    return psycopg.connect(
        host=database["HOST"],
        port=database["PORT"],
        user=database["USER"],
        password=database["PASSWORD"],
        dbname=database["NAME"],
        autocommit=True,
        prepare_threshold=0,
        options="-c synchronous_commit=on",
    )
