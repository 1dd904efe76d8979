"""Set-based writes put into every column what the ORM reads back, and notice when a row is not as it was."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from access.models import Approval, AuditEvent, IdempotencyKey
from access.sets import Insert, StaleRows, Update, execute
from access.tests.people import NOON, employ

pytestmark = pytest.mark.django_db
TEXTS = [
    'a "quoted" word',
    "back\\slash",
    "{brace,comma}",
    "NULL",
    "None",
    "",
    " spaced ",
    "Zoë 🏦",
    "tab\tand\nline",
    "'); DROP TABLE x; --",
]


def _keys(rows: list[tuple[Any, ...]]) -> Insert:
    return Insert(model=IdempotencyKey, fields=("key", "body"), rows=rows, constants={"principal": "anna", "fingerprint": "f"})


class TestInsert:
    def test_keeps_every_text_and_document_as_it_is(self) -> None:
        documents = [{"text": text, "list": [1, None, {"deep": text}]} for text in TEXTS]
        constants: dict[str, Any] = {"at": NOON, "actor_id": None, "subject": "s", "before": {}}

        rows = list(zip(TEXTS, documents, strict=True))
        execute(Insert(model=AuditEvent, fields=("action", "after"), rows=rows, constants=constants))

        assert list(AuditEvent.objects.order_by("id").values_list("subject", "action", "after")) == [("s", *row) for row in rows]

    def test_keeps_ids_moments_and_what_is_absent(self) -> None:
        tess, moment, names = employ("tess"), datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), (uuid4(), uuid4())
        fields = ("id", "action", "subject", "facts", "reason", "asked_by_id", "asked_at", "decided_at", "status", "decided_by_id")
        rows: list[tuple[Any, ...]] = [
            (names[0], "a", "s", {}, "", tess.pk, moment, None, Approval.Status.WAITING, None),
            (names[1], "a", "s", {}, "", tess.pk, NOON, moment, Approval.Status.EXPIRED, None),
        ]

        execute(Insert(model=Approval, fields=fields, rows=rows))

        read = {row.id: (row.asked_at, row.decided_at, row.status, row.decided_by) for row in Approval.objects.all()}
        assert read == {names[0]: (moment, None, "waiting", None), names[1]: (NOON, moment, "expired", None)}


class TestUpdate:
    @pytest.fixture(autouse=True)
    def keys(self) -> None:
        execute(_keys([("one", "{}"), ("two", "{}"), ("three", "{}")]))

    def test_assigns_and_adds(self) -> None:
        ids = dict(IdempotencyKey.objects.values_list("key", "id"))

        execute(Update(model=IdempotencyKey, sets=("key",), adds=("status",), rows=[(ids["two"], "zwei", 5), (ids["one"], "eins", 7)]))
        execute(Update(model=IdempotencyKey, adds=("status",), rows=[(ids["one"], 1)]))

        assert dict(IdempotencyKey.objects.values_list("key", "status")) == {"eins": 8, "zwei": 5, "three": 0}

    @pytest.mark.parametrize("locked", [False, True])
    @pytest.mark.parametrize("size", [1, 2])
    def test_notices_a_row_that_is_not_as_it_was(self, locked: bool, size: int) -> None:
        IdempotencyKey.objects.filter(key="one").update(status=9)
        rows = [(row, 5) for row in IdempotencyKey.objects.order_by("id").values_list("id", flat=True)[:size]]

        with pytest.raises(StaleRows), transaction.atomic():
            execute(Update(model=IdempotencyKey, sets=("status",), rows=rows, guard={"status": 0}, locked=locked))

        assert set(IdempotencyKey.objects.values_list("status", flat=True)) == {0, 9}

    def test_notices_a_row_that_is_not_there(self) -> None:
        with pytest.raises(StaleRows), transaction.atomic():
            execute(Update(model=IdempotencyKey, sets=("status",), rows=[(0, 5)]))


class TestExecute:
    def test_sends_all_writes_as_one_statement_where_it_can(self) -> None:
        execute(_keys([("one", "{}")]))
        (row,) = IdempotencyKey.objects.values_list("id", flat=True)

        with CaptureQueriesContext(connection) as captured:
            execute(_keys([("two", "{}")]), Update(model=IdempotencyKey, sets=("status",), rows=[(row, 5)]), _keys([]))

        assert len(captured) == (1 if connection.vendor == "postgresql" else 2)

    def test_does_nothing_for_nothing(self) -> None:
        with CaptureQueriesContext(connection) as captured:
            execute(_keys([]), Update(model=IdempotencyKey, sets=("status",), rows=[]))

        assert len(captured) == 0
