"""Bodies that strangers write: bounded before they are read, and no look at one costs more than its length."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver
from rest_framework.request import Request

from access.errors import RequestInvalid
from access.rest import read_body
from banksite.urls_api import endpoints, endpoints_headbank
from headbank.api.outside import ApplicationBody
from messaging.documents import File

JSON = "application/json"


class Parcel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    note: str = ""
    lines: list[dict[str, str]] = []


def views(patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, Any]]:
    """Return every endpoint below these patterns with its address."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns)
        else:
            yield str(pattern.pattern), vars(pattern.callback)["view_class"]


VIEWS = [*views(endpoints), *((f"head bank: {address}", view) for address, view in views(endpoints_headbank))]
STRUCTS: set[type[msgspec.Struct]] = {
    struct
    for _, view in VIEWS
    for method in ("get", "post", "put", "patch", "delete")
    for struct in getattr(getattr(view, method, None), "reads", ())
}


def inner(type_: Any) -> Iterator[type[msgspec.Struct]]:
    """Return a struct and every struct that a value of it may hold."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        yield type_
        for field in msgspec.structs.fields(type_):
            yield from inner(field.type)
    for part in getattr(type_, "__args__", ()):
        yield from inner(part)


def distinct_names(count: int) -> bytes:
    """Return an object of many names, of which the last two are the same."""
    return b'{"lines": [{' + b",".join(b'"n%d": ""' % number for number in range(count)) + b', "n": "", "n": ""}]}'


def places(count: int) -> bytes:
    """Return an object whose unknown name is full of what an error's place looks like."""
    return b'{"' + b" - at `$" * count + b'": 1}'


def fields(count: int) -> bytes:
    return b'{"' + b"field `" * count + b'": 1}'


def open_text(count: int) -> bytes:
    """Return a text that does not end, in which every other character could begin or end one."""
    return b'{"note": "' + b'\\"' * count


def backslashes(count: int) -> bytes:
    return b'{"note": "' + b"\\" * (2 * count + 1)


def texts(count: int) -> bytes:
    return b"[" + b'"",' * count


def brackets(count: int) -> bytes:
    return b'{"lines": ' + b"[]," * count


def reading_s(body: bytes) -> float:
    """Return the processor time that refusing a body takes, the best of three."""

    def once() -> float:
        request = Request(RequestFactory().generic("POST", "/", body, content_type=JSON))
        begun = time.thread_time()
        with pytest.raises(RequestInvalid):
            read_body(request, Parcel)
        return time.thread_time() - begun

    return min(once() for _ in range(3))


class TestALookAtABody:
    @pytest.mark.parametrize(
        "body", [distinct_names, places, fields, open_text, backslashes, texts, brackets], ids=lambda body: body.__name__
    )
    def test_costs_no_more_than_its_length(self, body: Callable[[int], bytes]) -> None:
        few, many = 1_500, 15_000

        ratio = reading_s(body(many)) / (reading_s(body(few)) + 0.001)

        assert ratio < 40, "ten times as long is a hundred times as much work"

    @pytest.mark.parametrize(
        "body",
        [b'{"lines": [' + b"[" * 40 + b"]" * 40 + b"]}", b'{"lines": [{' + b",".join(b'"n%d": ""' % n for n in range(20_001)) + b"}]}"],
        ids=["deep", "names"],
    )
    def test_counts_depth_and_names_before_anything_is_made_of_it(self, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        request = Request(RequestFactory().generic("POST", "/", body, content_type=JSON))
        monkeypatch.delattr(msgspec.json, "decode")

        with pytest.raises(RequestInvalid) as refused:
            read_body(request, Parcel)

        [fault] = refused.value.facts["faults"]
        assert "nested too deeply" in fault.detail or "more than 20000 names" in fault.detail

    def test_does_not_count_what_stands_in_a_text(self) -> None:
        request = Request(RequestFactory().generic("POST", "/", b'{"note": "' + b'[{:\\"' * 30_000 + b'"}', content_type=JSON))

        assert read_body(request, Parcel).note == '[{:"' * 30_000

    def test_answers_no_more_of_it_than_a_line(self) -> None:
        request = Request(RequestFactory().generic("POST", "/", b'{"' + b"x" * 15_000 + b'": 1}', content_type=JSON))

        with pytest.raises(RequestInvalid) as refused:
            read_body(request, Parcel)

        assert len(refused.value.facts["faults"][0].detail) < 400


class TestABody:
    @pytest.mark.parametrize("struct", sorted(STRUCTS, key=str), ids=lambda struct: struct.__qualname__)
    def test_has_no_fields_but_those_that_are_described(self, struct: type[msgspec.Struct]) -> None:
        assert [each.__qualname__ for each in inner(struct) if not each.__struct_config__.forbid_unknown_fields] == []

    def test_of_an_application_forbids_what_its_file_may_have_one_day(self) -> None:
        assert (ApplicationBody in STRUCTS, File in STRUCTS) == (True, False)

    @pytest.mark.parametrize(("address", "view"), VIEWS, ids=[address for address, _ in VIEWS])
    def test_is_bounded_by_what_its_endpoint_needs(self, address: str, view: Any) -> None:
        many = address == "transfer-batches"

        assert view.longest_body == (2 * 1024 * 1024 if many else 16 * 1024)

    @pytest.mark.django_db
    def test_is_refused_unread_where_it_is_longer(self, settings: Any) -> None:
        settings.ROOT_URLCONF = "banksite.urls_headbank"
        body = b'{"key_id": "", "signature": "", "value": "", ' + b'"x": "",' * 200_000 + b'"y": ""}'

        answer = Client().post("/api/v1/applications", body, content_type=JSON)

        assert (answer.status_code, answer.json()["code"]) == (413, "request-too-large")

    @pytest.mark.django_db
    @pytest.mark.parametrize("length", ["9" * 20, "16385"], ids=["digits", "one more"])
    def test_is_judged_by_the_length_it_says(self, length: str) -> None:
        answer = Client().post("/api/v1/auth/token", b"{}", content_type=JSON, CONTENT_LENGTH=length)

        assert answer.status_code == 413
