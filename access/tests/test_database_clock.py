"""The database's clock judges deadlines, whatever the machine's says."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from access.database_clock import DatabaseClock, database_time

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


class TestTheDatabasesClock:
    def test_does_not_follow_a_machine_whose_clock_is_ahead(self) -> None:
        with time_machine.travel(timezone.now() + timedelta(hours=1)):
            ahead = timezone.now() - database_time()
            difference = DatabaseClock().now() - database_time()

        assert ahead > timedelta(minutes=59)
        assert abs(difference) < timedelta(seconds=5)

    def test_goes_on_between_two_questions(self) -> None:
        clock = DatabaseClock()

        first, second = clock.now(), clock.now()

        assert first < second
