"""How many webhooks a program may have that are active, also when two are enabled at once."""

import threading

import pytest
from django.db import transaction

from access.tests.people import at_once, until_somebody_waits
from transfers.tests.people import ANNA, NOON
from webhooks import services
from webhooks.errors import TooManyWebhooks
from webhooks.models import Endpoint
from webhooks.tests.people import program, registered

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


class TestTwoAtOnce:
    def test_are_not_both_enabled_where_there_is_room_for_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        erp = program("erp", ANNA)
        first, second = (registered(erp).id for _ in range(2))
        for each in (first, second):
            services.disable_endpoint(endpoint_id=each, reason="moving", by=erp, now=NOON)
        monkeypatch.setattr("webhooks.services.endpoints.MOST", 1)
        enabled = threading.Event()

        def enable_first() -> None:
            with transaction.atomic():
                services.enable_endpoint(endpoint_id=first, by=erp, now=NOON)
                enabled.set()
                until_somebody_waits()

        def enable_second() -> None:
            enabled.wait(timeout=10)
            services.enable_endpoint(endpoint_id=second, by=erp, now=NOON)

        outcomes = at_once([enable_first, enable_second])

        assert outcomes == [None, TooManyWebhooks(limit=1)]
        assert [row.id for row in Endpoint.objects.filter(disabled_at__isnull=True)] == [first]
