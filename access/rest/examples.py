"""Examples for OpenAPI: what fields say of themselves, what their names stand for, or something of their type."""

from collections.abc import Mapping
from typing import Any

import msgspec

Schema = Mapping[str, Any]
_OF_NAME: Mapping[str, Any] = {
    "next": None,
    "status": "completed",
    "kind": "internal",
    "code": "BNKB",
    "currency": "EUR",
    "amount_minor": 1250,
    "fee_minor": 0,
    "account": "NL06BNKA0000000001",
    "debtor": "NL06BNKA0000000001",
    "debtor_name": "Maria de Vries",
    "creditor": "NL76BNKA0000000002",
    "creditor_name": "Jonas Lindqvist",
    "counterparty_name": "Jonas Lindqvist",
    "origin_bank": "BNKA",
    "destination_bank": "BNKA",
    "reference": "Invoice 2026-17",
    "end_to_end_id": "order-4711",
    "reason": "",
    "refusal": None,
    "status_url": "/api/v1/transfers/0198c5d2-7c1e-7f3a-9b0d-5a2f6e1c4b7d",
    "username": "erp-of-jansen",
    "password": "a long enough password",
    "access_token": "eyJ...",
    "refresh_token": "eyJ...",
    "token_type": "Bearer",
    "expires_in": 300,
}
_OF_FORMAT = {"uuid": "0198c5d2-7c1e-7f3a-9b0d-5a2f6e1c4b7d", "date-time": "2026-03-02T12:00:00Z", "date": "2026-03-02"}
_OF_TYPE: Mapping[str, Any] = {"string": "text", "integer": 1, "number": 1, "boolean": True, "null": None}


def example_of(type_: Any) -> Any:
    """Return an example of a struct that its schema accepts."""
    (schema,), components = msgspec.json.schema_components([type_], ref_template="{name}")
    return _example(schema, components, "")


def _example(schema: Schema, components: Mapping[str, Schema], name: str) -> Any:
    """Return what a schema says of itself or its name says of it, or build it from its parts."""
    if "$ref" in schema:
        return _example(components[schema["$ref"]], components, name)
    chosen = schema.get("examples") or schema.get("enum")
    if chosen:
        return chosen[0]
    if "anyOf" in schema and name not in _OF_NAME:
        return _example(schema["anyOf"][0], components, name)  # what there is, rather than null
    return _built(schema, components) if schema.get("type") in {"object", "array"} else _plain(schema, name)


def _built(schema: Schema, components: Mapping[str, Schema]) -> Any:
    if schema["type"] == "array":
        return [_example(schema["items"], components, "")] if "items" in schema else []
    return {name: _example(part, components, name) for name, part in schema.get("properties", {}).items()}


def _plain(schema: Schema, name: str) -> Any:
    """Return a text, a number or the like."""
    if schema.get("format") in _OF_FORMAT:
        return _OF_FORMAT[schema["format"]]
    if name in _OF_NAME:
        return _OF_NAME[name]
    return schema.get("default", schema.get("minimum", _OF_TYPE.get(schema.get("type", ""), {})))
