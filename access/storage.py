"""The idempotency rows: claimed, filled and given back set-based, in one statement for any number of keys."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection

from access.models import IdempotencyKey

# ON CONFLICT waits for a competitor that has not committed, then leaves the key to it; the order keeps two from waiting for each other.
_CLAIM = """
INSERT INTO access_idempotencykey (principal, key, fingerprint, body)
SELECT CAST(%s AS text), k, f, '{{}}' FROM ({source}) u WHERE true ORDER BY k
ON CONFLICT (principal, key) DO NOTHING RETURNING key
"""
_KEEP = """
UPDATE access_idempotencykey SET status = CAST(%s AS smallint), body = u.b FROM ({source}) u
WHERE access_idempotencykey.principal = CAST(%s AS text) AND access_idempotencykey.key = u.k
"""
_PAIRS = {
    "postgresql": "SELECT e->>0 AS k, {second} FROM jsonb_array_elements(%s::jsonb) AS e",
    "sqlite": "SELECT json_extract(value, '$[0]') AS k, {second} FROM json_each(%s)",
}
_TEXT = {"postgresql": "e->>1 AS f", "sqlite": "json_extract(value, '$[1]') AS f"}
_BODY = {"postgresql": "e->1 AS b", "sqlite": "json_extract(value, '$[1]') AS b"}


def claim(*, principal: str, keys: Sequence[tuple[str, str]]) -> set[str]:
    """Write a row for each (key, fingerprint) that has none and return those keys; waits for competitors that have not committed."""
    source = _PAIRS[connection.vendor].format(second=_TEXT[connection.vendor])
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(source=source), [principal, json.dumps(keys)])
        return {key for (key,) in cursor.fetchall()}


def keep(*, principal: str, status: int, bodies: Mapping[str, Mapping[str, Any]]) -> int:
    """Store the status and the bodies with their keys; return the number of rows found."""
    source = _PAIRS[connection.vendor].format(second=_BODY[connection.vendor])
    with connection.cursor() as cursor:
        cursor.execute(_KEEP.format(source=source), [status, json.dumps(list(bodies.items())), principal])
        return int(cursor.rowcount)


def read(*, principal: str, keys: Collection[str]) -> dict[str, IdempotencyKey]:
    """Return the rows of the keys that have one."""
    return {row.key: row for row in IdempotencyKey.objects.filter(principal=principal, key__any=list(keys))}


def forget(*, principal: str, keys: Collection[str]) -> None:
    """Delete the rows of the keys."""
    IdempotencyKey.objects.filter(principal=principal, key__any=list(keys)).delete()
