"""The audit trail cannot be rewritten, not even with SQL."""

import pytest
from django.db import IntegrityError, connection, transaction

from access import audit, request_id, triggers
from access.models import AuditEvent
from access.tests.people import NOON, employ

TABLE = "access_auditevent"


def _record() -> None:
    with transaction.atomic(), request_id.answering("r-1"):
        audit.record(actor=employ("tess"), action="vault.opened", subject="vault 7", before={"open": False}, after={"open": True}, now=NOON)
    connection.check_constraints()  # else PostgreSQL refuses a TRUNCATE for the foreign keys it has yet to look at


@pytest.mark.django_db
class TestTheTrail:
    def test_says_who_did_what_in_which_request(self) -> None:
        _record()

        event = AuditEvent.objects.get()
        assert (event.actor and event.actor.username, event.before, event.after) == ("tess", {"open": False}, {"open": True})
        assert event.request_id == "r-1"

    @pytest.mark.parametrize(
        "statement",
        [
            f"UPDATE {TABLE} SET action = 'nothing'",
            f"DELETE FROM {TABLE}",
            pytest.param(f"TRUNCATE {TABLE}", marks=pytest.mark.postgres),
        ],
    )
    def test_refuses_to_be_rewritten(self, statement: str) -> None:
        _record()

        with pytest.raises(IntegrityError, match="never changed or deleted"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

        assert AuditEvent.objects.get().action == "vault.opened"

    def test_refuses_to_be_replaced_row_by_row(self) -> None:
        if connection.vendor == "postgresql":
            return  # it has no such statement
        _record()

        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT OR REPLACE INTO {TABLE} SELECT id, at, 'nothing', subject, before, after, '', '', actor_id FROM {TABLE}"
            )


@pytest.mark.django_db(transaction=True)
class TestTriggers:
    def test_are_named_when_missing_and_put_back(self) -> None:
        specs = triggers.registered()
        with triggers.lifted():
            gone = triggers.missing(connection, specs)

        assert f"{TABLE}_no_update" in gone
        assert triggers.missing(connection, specs) == []

    def test_are_named_when_switched_off(self) -> None:
        if connection.vendor != "postgresql":
            return  # only PostgreSQL can switch one off
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER {TABLE}_no_delete")

        gone = triggers.missing(connection, triggers.registered())

        assert gone == [f"{TABLE}_no_delete"]
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {TABLE} ENABLE TRIGGER {TABLE}_no_delete")
