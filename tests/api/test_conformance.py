"""The committed description against the bank (Schemathesis): whatever is sent, no error of ours, and no answer it does not name."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from access.roles import ADMINISTRATOR, SUPERVISOR, TELLER
from accounts.services import open_internal_accounts
from accounts.tests.people import CASH, NOON, move, open_anna, post
from tests.api.bank import employ, token_of
from tests.api.test_schema import COMMITTED

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES, WALKS, STEPS = 5, 10, 6  # about a minute in all; the same every time, so that a red run can be repeated
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def headers(settings: Any) -> dict[str, str]:
    """Be somebody who may do everything in a bank with a customer, and ask as often as this takes."""
    settings.API_REQUESTS_PER_MINUTE = settings.API_REQUESTS_PER_MINUTE_UNKNOWN = 0
    ada = employ("ada", ADMINISTRATOR, SUPERVISOR, TELLER)
    open_internal_accounts(numbers=[CASH], now=NOON)
    post(move(CASH, open_anna(ada).checking, "100.00"))
    return {"Authorization": f"Bearer {token_of(ada)}"}


@pytest.fixture
def schema(headers: dict[str, str]) -> Iterator[Any]:
    """Return the committed description, asked of the bank itself; the test's transaction lasts through all requests."""
    found = schemathesis.openapi.from_path(str(COMMITTED))
    found.app = WSGIHandler()
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield found
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def ask(case: Any, headers: dict[str, str]) -> None:
    """Send what was made up, with a key where one is needed, and judge the answer."""
    mine = headers | ({"Idempotency-Key": str(uuid4())} if case.method in {"POST", "PATCH"} else {})
    case.call_and_validate(headers=mine, checks=CHECKS)


class TestTheDescription:
    def test_holds_for_every_operation(self, schema: Any, headers: dict[str, str]) -> None:
        seen = 0
        for found in schema.get_all_operations():
            operation = found.ok()
            modes = st.one_of(*[operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode])

            @BOUNDED
            @given(case=modes)
            def holds(case: Any) -> None:
                ask(case, headers)

            holds()
            seen += 1

        assert seen > 40

    def test_holds_along_the_way_from_one_operation_to_the_next(self, schema: Any, headers: dict[str, str]) -> None:
        class Walk(schema.as_state_machine()):  # type: ignore[misc]  # made from the description
            def get_call_kwargs(self, case: Any) -> dict[str, Any]:
                return {"headers": headers | ({"Idempotency-Key": str(uuid4())} if case.method in {"POST", "PATCH"} else {})}

            def validate_response(self, response: Any, case: Any, **_: Any) -> None:
                case.validate_response(response, checks=CHECKS)

        Walk.run(settings=settings(BOUNDED, max_examples=WALKS, stateful_step_count=STEPS))
