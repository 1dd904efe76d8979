"""What is tried again, and what is not."""

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from access.retry import is_transient, retrying, will_pass
from access.sets import StaleRows
from access.tests.people import employ


@pytest.mark.django_db
class TestRetrying:
    def test_goes_on_after_lost_races_until_the_work_is_done(self) -> None:
        losses = iter([StaleRows(), StaleRows()])

        def work() -> str:
            for loss in losses:
                raise loss
            return "done"

        assert retrying(work) == "done"

    def test_gives_up_after_the_attempts_with_the_last_error(self) -> None:
        tries: list[int] = []

        def work() -> None:
            tries.append(1)
            raise StaleRows

        with pytest.raises(StaleRows):
            retrying(work, attempts=3)

        assert len(tries) == 3

    def test_does_not_repeat_what_will_never_work(self) -> None:
        tries: list[int] = []

        def work() -> None:
            tries.append(1)
            raise OperationalError("no such table")

        with pytest.raises(OperationalError):
            retrying(work)

        assert len(tries) == 1

    def test_is_an_error_of_the_programmer_inside_a_transaction(self) -> None:
        with transaction.atomic(), pytest.raises(AssertionError):
            retrying(lambda: None)


@pytest.mark.django_db
class TestIsTransient:
    def test_is_false_for_a_broken_rule(self) -> None:
        employ("tess")

        with pytest.raises(IntegrityError) as broken, transaction.atomic():
            employ("tess")

        assert not is_transient(broken.value)

    @pytest.mark.postgres
    @pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03"])
    def test_is_true_for_what_postgresql_calls_a_lost_race(self, sqlstate: str) -> None:
        with pytest.raises(OperationalError) as lost, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{sqlstate}'; END $$")

        assert is_transient(lost.value)


@pytest.mark.django_db
@pytest.mark.postgres
class TestWillPass:
    def test_is_false_for_a_statement_that_takes_too_long(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '10ms'")

        with pytest.raises(OperationalError) as ended, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

        assert not will_pass(ended.value)

    @pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03", "57P01", "08006"])
    def test_is_true_for_a_lost_race_and_a_lost_connection(self, sqlstate: str) -> None:
        with pytest.raises(OperationalError) as lost, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{sqlstate}'; END $$")

        assert will_pass(lost.value)
