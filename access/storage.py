"""The idempotency rows: claimed, filled and given back set-based, in one statement for any number of keys."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from django.db import connection

from access.models import IdempotencyKey
from access.sets import Update, execute

# ON CONFLICT waits for a competitor that has not committed, then leaves the key to it; the order keeps two from waiting for each other.
_CLAIM = """
INSERT INTO access_idempotencykey (principal, key, fingerprint, body)
SELECT CAST(%s AS text), k, f, '{{}}' FROM ({source}) u WHERE true ORDER BY k
ON CONFLICT (principal, key) DO NOTHING RETURNING key
"""
_PAIRS = {
    "postgresql": "SELECT e->>0 AS k, e->>1 AS f FROM jsonb_array_elements(%s::jsonb) AS e",
    "sqlite": "SELECT json_extract(value, '$[0]') AS k, json_extract(value, '$[1]') AS f FROM json_each(%s)",
}


def claim(*, principal: str, keys: Sequence[tuple[str, str]]) -> set[str]:
    """Write a row for each (key, fingerprint) that has none and return those keys; waits for competitors that have not committed."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(source=_PAIRS[connection.vendor]), [principal, json.dumps(keys)])
        return {key for (key,) in cursor.fetchall()}


def keep(*, principal: str, status: int, bodies: Mapping[str, Mapping[str, Any]]) -> None:
    """Store the status and the bodies with keys that were claimed in the same transaction; raises StaleRows for any other."""
    rows = [(key, status, msgspec.json.encode(body).decode()) for key, body in bodies.items()]
    execute(Update(model=IdempotencyKey, key="key", sets=("status", "body"), rows=rows, guard={"principal": principal}, locked=True))


def read(*, principal: str, keys: Collection[str]) -> dict[str, IdempotencyKey]:
    """Return the rows of the keys that have one."""
    return {row.key: row for row in IdempotencyKey.objects.filter(principal=principal, key__any=list(keys))}


def forget(*, principal: str, keys: Collection[str]) -> None:
    """Delete the rows of the keys."""
    IdempotencyKey.objects.filter(principal=principal, key__any=list(keys)).delete()
