"""Lists of transfers, however many there are: what is rare is found by an index of its own."""

import pytest
from django.db import connection

from transfers.selectors import transfers_before
from transfers.tests.people import BRAM, paid, teller

_KEPT = "SELECT name, statement FROM pg_prepared_statements WHERE NOT from_sql AND statement LIKE %s"


def kept_plans(text: str) -> str:
    """Return the plans that the session would use for whatever parameters of the statements with this text."""
    with connection.cursor() as cursor:
        cursor.execute(_KEPT, [f"%{text}%"])
        names = [name for name, statement in cursor.fetchall() if "pg_prepared" not in statement]
        assert names, "the session has kept it"
        cursor.execute("SET LOCAL enable_seqscan = off")  # the planner of three transfers would rather read through
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute("DISCARD PLANS")  # one made before, by whatever was in the tables then, is not what is asked for
        plans = []
        for name in names:
            cursor.execute(f"EXPLAIN EXECUTE {name}")
            plans += [row[0] for row in cursor.fetchall()]
    return "\n".join(plans)


@pytest.mark.postgres
class TestWhatIsRare:
    @pytest.mark.parametrize(
        ("wanted", "index"), [({"status": "refused"}, "transfer_rare_status"), ({"kind": "reversal"}, "transfer_rare_kind")]
    )
    def test_is_found_by_its_index_when_the_session_has_asked_often(self, wanted: dict[str, str], index: str) -> None:
        [word] = wanted.values()
        paid(BRAM, "1.00")
        for _ in range(3):
            assert transfers_before(by=teller(), **wanted) == []  # type: ignore[arg-type]  # one of two words

        assert index in kept_plans(f"= '{word}'")
