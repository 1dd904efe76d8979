"""The description of the API: current, complete, and readable without asking anybody else's server."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from banksite.urls_api import endpoints
from tests.api.bank import Api
from tests.api.test_matrix import addresses

COMMITTED = Path(settings.BASE_DIR) / "openapi.yaml"


class TestTheDescription:
    def test_in_the_project_is_current(self, tmp_path: Path) -> None:
        call_command("spectacular", "--validate", "--fail-on-warn", file=str(tmp_path / "openapi.yaml"))

        assert (tmp_path / "openapi.yaml").read_text() == COMMITTED.read_text(), "run: manage.py spectacular --file openapi.yaml"

    def test_names_every_operation_by_hand(self) -> None:
        for address, pattern in addresses(endpoints):
            view: Any = pattern.callback.view_class  # type: ignore[attr-defined]  # every view here is an Endpoint
            for method in view.needs:
                assert "schema" in getattr(view, method.lower()).kwargs, f"{method} {address} lacks @operation"

    def test_has_no_two_operations_of_one_name(self) -> None:
        names = re.findall(r"operationId: (\S+)", COMMITTED.read_text())

        assert len(names) == len(set(names)) > 0

    def test_is_given_to_anybody(self, api: Api) -> None:
        answer = api.get("/api/schema/")

        assert answer.status_code == 200
        assert b"openapi: 3.1.1" in answer.content

    @pytest.mark.parametrize("address", ["/docs", "/docs?script=", "/redoc"])
    def test_is_shown_without_other_peoples_servers(self, api: Api, address: str) -> None:
        answer = api.get(address)

        assert answer.status_code == 200
        assert re.findall(r'(?:src|href)="(?:https?:)?//', answer.content.decode()) == []
        assert "'unsafe-eval'" not in answer["Content-Security-Policy"]
        assert "script-src 'self';" in answer["Content-Security-Policy"] + ";"
