"""What a record must be before its content counts: every check, in order, each with its reason."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from access.site import this_bank
from messaging import envelope, letter_box
from messaging.broker import Record
from messaging.documents import Document
from messaging.envelope import Envelope, Received
from messaging.errors import Unreadable
from messaging.handling import Handler, Handlers
from messaging.selectors import KeyRow
from messaging.signing import KEY_ID, SIGNATURE, Domain, is_signed

_A_KEY_ID = re.compile("[0-9a-f]{16}")


def key_id_of(*, record: Record) -> str:
    """Return the id of the key that is said to have signed the record, empty where the headers do not name one."""
    value = _header(record, KEY_ID).decode("ascii", errors="replace")
    return value if _A_KEY_ID.fullmatch(value) else ""


def read(*, record: Record, keys: Mapping[str, KeyRow], handlers: Handlers) -> tuple[Handler[Any], Received[Any]]:
    """Return a record of our letter box as a message, with who handles it; raise Unreadable with the reason why it cannot count."""
    if record.reason:
        raise Unreadable(record.reason, record.detail)
    source = _bank_that_signed(record, keys)
    try:
        message = envelope.decode(record.value)
        handler = _addressed(message, source=source, handlers=handlers)
        data = handler.read(data=message.data, version=message.version, envelope=message)
    except Unreadable as error:
        error.signed_by = source
        raise
    received = Received(
        id=message.id,
        source=source,
        destination=message.destination,
        type=message.type,
        time=message.time,
        data=data,
        record=replace(record, signed_by=source),
    )
    return handler, received


def signer_of(*, record: Record, keys: Mapping[str, KeyRow]) -> str:
    """Return the bank that signed a record, empty where that cannot be verified."""
    try:
        return "" if record.reason else _bank_that_signed(record, keys)
    except Unreadable:
        return ""


def _bank_that_signed(record: Record, keys: Mapping[str, KeyRow]) -> str:
    """Return the one bank whose word this is."""
    if record.topic != letter_box.topic_of(code=this_bank().code):
        raise Unreadable("wrong-topic", record.topic)
    if len(record.value) > envelope.MAX_VALUE_BYTES:
        raise Unreadable("too-large", f"{len(record.value)} bytes")
    signature, key_id = _header(record, SIGNATURE), key_id_of(record=record)
    if not signature or not key_id:
        raise Unreadable("unsigned", "the headers name no signature and key, or more than one")
    key = keys.get(key_id)
    if key is None:
        raise Unreadable("key-unknown", key_id)
    if key.revoked:
        raise Unreadable("key-revoked", f"{key_id} of {key.bank}")
    if not is_signed(public_key=key.public_key, domain=Domain.MESSAGE, value=record.value, signature=signature):
        raise Unreadable("signature-wrong", f"{key_id} of {key.bank}")
    return key.bank


def _addressed(message: Envelope, *, source: str, handlers: Handlers) -> Handler[Any]:
    """Return who handles a message that comes from the bank it names and is meant for us."""
    if message.source != source:
        raise Unreadable("source-wrong", f"{source} signed for {message.source}")
    if message.source == this_bank().code:
        raise Unreadable("own-message", message.type)
    if message.destination != this_bank().code:
        raise Unreadable("destination-wrong", f"for {message.destination}")
    handler = handlers.get(message.name)
    if handler is None:
        raise Unreadable("type-unknown", message.type)
    if handler.of_head_bank != (source == this_bank().head_bank_code):
        raise Unreadable("sender-wrong", f"{message.type} from {source}")
    return handler


def _header(record: Record, name: str) -> bytes:
    """Return the header of that name, empty unless there is exactly one: with two, a reader could pick the other."""
    values = [value for header, value in record.headers if header == name]
    return values[0] if len(values) == 1 else b""


def document_of(*, record: Record) -> Document:
    """Return a record of the register as a document, whose signature its taker judges."""
    return Document(value=record.value, signature=_header(record, SIGNATURE), key_id=key_id_of(record=record))
