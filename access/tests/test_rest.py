"""What endpoints stand on: strict bodies, queries, pages."""

import json
from uuid import UUID, uuid4

import msgspec
import pytest
from django.test import RequestFactory
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from access.errors import RequestInvalid, RequestTooLarge
from access.rest import SIGNED_IN, Endpoint, Fault, page_of, position, read_body, read_query
from access.rest.pages import Cursor, Limit, cursor_of


class Box(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    label: str
    weight: int


class Shipment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    boxes: list[Box]
    note: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    fragile: bool = False
    cursor: Cursor | None = None
    limit: Limit = 50


def sent(body: bytes, content_type: str = "application/json") -> Request:
    return Request(RequestFactory().generic("POST", "/", body, content_type=content_type, CONTENT_TYPE=content_type))


def asked(query: str) -> Request:
    return Request(RequestFactory().get(f"/?{query}"))


def faults(body: bytes) -> list[Fault]:
    with pytest.raises(RequestInvalid) as refused:
        read_body(sent(body), Shipment)
    return list(refused.value.facts["faults"])


class TestReadingABody:
    def test_gives_what_was_described(self) -> None:
        read = read_body(sent(b'{"boxes": [{"label": "a", "weight": 1}]}', "application/json; charset=utf-8"), Shipment)

        assert read == Shipment(boxes=[Box(label="a", weight=1)])

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ('{"boxes": [{"label": "a", "weight": "1"}]}', "/boxes/0/weight"),
            ('{"boxes": [{"label": "a", "weight": 1}, {"label": "b", "weight": 1.0}]}', "/boxes/1/weight"),
            ('{"boxes": [{"label": "a", "weight": true}]}', "/boxes/0/weight"),
            ('{"boxes": [{"label": "a"}]}', "/boxes/0/weight"),
            ('{"boxes": [{"label": "a", "weight": 1, "colour/~": 2}]}', "/boxes/0/colour~1~0"),
            ('{"boxes": [], "lid": 1}', "/lid"),
            ('{"boxes": null}', "/boxes"),
            ("{}", "/boxes"),
            ("[]", ""),
            ('"text"', ""),
        ],
    )
    def test_points_to_what_does_not_fit(self, body: str, pointer: str) -> None:
        [fault] = faults(body.encode())

        assert fault.pointer == pointer
        assert "`" not in fault.detail

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b'{"boxes": []} x',
            b"{'boxes': []}",
            b'{"boxes": [NaN]}',
            b'{"boxes": [{"label": "a", "weight": Infinity}]}',
            b'{"boxes": [], "boxes": []}',
            b'{"boxes": [{"label": "a", "label": "b", "weight": 1}]}',
            b'{"boxes": [], "note": "a\\u0000b"}',
            b'{"boxes": [], "note": "a\\ud800b"}',
            b'{"boxes": [], "note": "\xff"}',
            b'{"boxes": ' + b"[" * 100_000,
            b'{"note": ' + b'{"a":' * 100_000,
            b'{"boxes": [{"label": "a", "weight": 1' + b"0" * 5_000 + b"}]}",
            b"\xef\xbb\xbf{}",
        ],
        ids=lambda body: body[:30].decode("latin-1"),
    )
    def test_refuses_what_readers_understand_differently_or_not_at_all(self, body: bytes) -> None:
        assert len(faults(body)) == 1

    def test_refuses_ten_megabytes_unread(self) -> None:
        with pytest.raises(RequestTooLarge):
            read_body(sent(b'{"note": "' + b"x" * 10_000_000 + b'"}'), Shipment)

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
    def test_refuses_what_is_not_called_json(self, content_type: str) -> None:
        with pytest.raises(UnsupportedMediaType):
            read_body(sent(b'{"boxes": []}', content_type), Shipment)

    def test_reads_a_thousand_boxes(self) -> None:
        boxes = [{"label": f"box {number}", "weight": number} for number in range(1_000)]

        assert len(read_body(sent(json.dumps({"boxes": boxes}).encode()), Shipment).boxes) == 1_000


class TestReadingAQuery:
    def test_gives_what_was_described(self) -> None:
        assert read_query(asked("limit=10&fragile=true"), Wanted) == Wanted(limit=10, fragile=True)

    @pytest.mark.parametrize(
        ("query", "parameter"),
        [
            ("limit=0", "limit"),
            ("limit=x", "limit"),
            ("limit=201", "limit"),
            ("limit=1&limit=2", "limit"),
            ("lmit=1", "lmit"),
            ("cursor=%00", "cursor"),
        ],
    )
    def test_names_the_parameter_that_does_not_fit(self, query: str, parameter: str) -> None:
        with pytest.raises(RequestInvalid) as refused:
            read_query(asked(query), Wanted)

        assert refused.value.facts["faults"][0].parameter == parameter


class TestPages:
    def test_lead_through_the_whole_list(self) -> None:
        keys = sorted(uuid4() for _ in range(7))
        seen: list[UUID] = []
        cursor = None
        for _ in range(4):
            after = position(cursor, UUID)
            page = page_of([key for key in keys if after is None or key > after][:3], limit=2, key=lambda key: key)
            seen += page.data
            cursor = page.next

        assert (seen, cursor) == (keys, None)

    @pytest.mark.parametrize("cursor", ["x", "é", "bm90IGpzb24", "MQ", "'; DROP TABLE", "AAAA", "=", "WyJhIl0"])
    def test_refuse_a_cursor_that_was_never_given(self, cursor: str) -> None:
        with pytest.raises(RequestInvalid):
            position(cursor, UUID)

    @pytest.mark.parametrize(("key", "kind"), [("\0", str), (("Anna\0", uuid4()), tuple[str, UUID])], ids=["text", "tuple"])
    def test_refuse_a_cursor_that_no_database_can_look_for(self, key: object, kind: type) -> None:
        with pytest.raises(RequestInvalid):
            position(cursor_of(key), kind)


class TestAnEndpoint:
    def test_cannot_be_written_without_saying_who_may_call_it(self) -> None:
        with pytest.raises(AssertionError, match="needs"):

            class Forgotten(Endpoint):
                needs = {"GET": SIGNED_IN}

                def get(self, request: Request) -> None: ...
                def post(self, request: Request) -> None: ...
