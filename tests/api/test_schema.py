"""The description of the API: current, complete, and readable without asking anybody else's server."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.utils.translation import trans_real
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, validate  # type: ignore[import-untyped]  # ships no types

from banksite.problems import STATUS
from banksite.urls_api import endpoints
from tests.api.bank import Api
from tests.api.test_matrix import addresses

COMMITTED = Path(settings.BASE_DIR) / "openapi.yaml"


def contents(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what every operation takes and what it answers where all goes well."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                yield f"{method} {path}", operation["requestBody"]["content"]
            for status, response in operation["responses"].items():
                if status.startswith("2") and "content" in response:
                    yield f"{method} {path} {status}", response["content"]


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

    def test_shows_an_example_of_every_body_and_answer_that_fits_its_own_schema(self) -> None:
        document = yaml.safe_load(COMMITTED.read_text())
        for place, content in contents(document):
            for media_type, described in content.items():
                if media_type != "application/json":
                    continue
                values = [example["value"] for example in described["examples"].values()]
                assert values, place
                for value in values:
                    validate(value, described["schema"] | {"components": document["components"]}, cls=Draft202012Validator)

    def test_lists_problems_of_every_operation_that_exist(self) -> None:
        document = yaml.safe_load(COMMITTED.read_text())
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                listed = operation["x-problems"]
                assert "too-many-requests" in listed, f"{method} {path}"
                assert set(listed) <= {kind.code for kind in STATUS}, f"{method} {path}"
                assert all(f"`{code}`" in operation["responses"]["4XX"]["description"].replace("\n", " ") for code in listed)

    def test_is_given_to_anybody(self, api: Api) -> None:
        answer = api.get("/api/schema/")

        assert (answer.status_code, answer.content.decode()) == (200, COMMITTED.read_text())
        assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/vnd.oai.openapi; charset=utf-8", "max-age=300")
        assert "Accept" in answer["Vary"].split(", ")

    def test_is_given_as_json_too(self, api: Api) -> None:
        answer = api.get("/api/schema/", Accept="application/json")

        assert (answer["Content-Type"], answer.json()) == ("application/json", yaml.safe_load(COMMITTED.read_text()))

    def test_is_that_of_the_site(self, api: Api, settings: Any) -> None:
        of_a_bank = api.get("/api/schema/").content
        settings.ROOT_URLCONF = "banksite.urls_headbank"

        of_the_head_bank = api.get("/api/schema/").content

        assert [b"/api/v1/banks/{code}/close:" in described for described in (of_a_bank, of_the_head_bank)] == [False, True]

    @pytest.mark.parametrize("query", ["version=%0A", "version=2", "lang=xx-made-up"])
    def test_is_the_same_whatever_is_asked_and_not_written_anew(self, api: Api, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
        before = api.get("/api/schema/").content
        monkeypatch.delattr(SchemaGenerator, "get_schema")

        answer = api.get(f"/api/schema/?{query}")

        assert (answer.status_code, answer.content) == (200, before)
        assert "xx-made-up" not in vars(trans_real)["_translations"], "a language that is kept for ever"

    @pytest.mark.parametrize("address", ["/docs", "/docs?script=", "/redoc"])
    def test_is_shown_without_other_peoples_servers(self, api: Api, address: str) -> None:
        answer = api.get(address)

        assert answer.status_code == 200
        assert re.findall(r'(?:src|href)="(?:https?:)?//', answer.content.decode()) == []
        assert "'unsafe-eval'" not in answer["Content-Security-Policy"]
        assert "script-src 'self';" in answer["Content-Security-Policy"] + ";"
