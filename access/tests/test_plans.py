"""Which statements PostgreSQL plans anew."""

import pytest
from django.db import connection

from access.plans import FEW, planned_anew

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def ask(number: int) -> None:
    for _ in range(5):
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::int + 1", [number])


def remembered_plans() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%int + 1%%' AND from_sql IS false")
        return int(cursor.fetchone()[0])


@pytest.fixture(autouse=True)
def _new_session() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    connection.connection._prepared.clear()


class TestABatch:
    def test_leaves_no_plan_behind(self) -> None:
        with planned_anew(rows=FEW + 1):
            ask(1)

        assert remembered_plans() == 0

    def test_changes_nothing_for_what_comes_after(self) -> None:
        with planned_anew(rows=FEW + 1):
            ask(1)
        ask(1)

        assert remembered_plans() == 1


class TestAFewRows:
    def test_are_done_by_a_remembered_plan(self) -> None:
        with planned_anew(rows=FEW):
            ask(1)

        assert remembered_plans() == 1
