"""Reading what a client sent: exactly as described, or refused with the place that is wrong."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from access import text
from access.errors import RequestInvalid, RequestTooLarge
from access.rest.problem import Fault

T = TypeVar("T", bound=msgspec.Struct)
Reason = Annotated[
    str, msgspec.Meta(max_length=200, description="Why; it is kept in the audit trail.", examples=["as agreed on the phone"])
]


class Because(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why something is done."""

    reason: Reason = ""


_UNSAFE = "Leave out control characters, invisible characters, and those that turn the direction of writing."
_DEEPEST, _MOST_NAMES, _LONGEST_DETAIL = 16, 20_000, 300  # a batch of 1,000 transfers is 4 deep and has 10,000 names
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?', re.DOTALL)  # an open text goes to the end: no character is looked at twice
_SHAPE = re.compile(rb"[\[{:\]}]")
_FIELD = re.compile(r"field `(?P<field>[^`]*)`")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def read_body(request: Request, type_: type[T]) -> T:
    """Return the JSON body as the struct; raises RequestInvalid with a JSON pointer, RequestTooLarge, UnsupportedMediaType.

    Refused, too, is what readers understand differently: a key given twice, NaN, unsafe text (`access/text.py`). Every check is linear in
    the body's length, and its depth and its number of names are counted before anything is built of it.
    """
    if request.content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType(request.content_type or "nothing")
    raw = raw_body(request)
    try:
        _check_shape(raw)
        if _is_plain(raw):
            json.loads(raw, object_pairs_hook=_once_each)
            return msgspec.json.decode(raw, type=type_)
        read = json.loads(raw.decode(), object_pairs_hook=_once_each, parse_constant=_refuse_constant)
        return msgspec.convert(_safe(read), type_)
    except msgspec.ValidationError as error:
        _refuse(error)
    except (ValueError, RecursionError) as error:  # both parsers' complaints about text that is not JSON
        why = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise RequestInvalid(faults=(Fault(pointer="", detail=f"The body cannot be read as JSON: {why}."),)) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _is_plain(raw: bytes) -> bool:
    """Return whether a body can hold no text that has to be looked at: ASCII without escapes."""
    return raw.isascii() and b"\\" not in raw and b"\x7f" not in raw


def _safe(value: Any) -> Any:
    """Return the values with every text composed; raises RequestInvalid with the place of one that is not safe."""
    try:
        return text.composed_json(value)
    except ValueError as error:
        raise RequestInvalid(faults=(Fault(pointer=str(error), detail=_UNSAFE),)) from error


def raw_body(request: Request) -> bytes:
    """Return the body's bytes; raises RequestTooLarge."""
    try:
        body: bytes = request._request.body  # noqa: SLF001  # DRF would parse it; its request has no other way to the bytes
    except RequestDataTooBig as error:
        raise RequestTooLarge(limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE) from error
    return body


def read_query(request: Request, type_: type[T]) -> T:
    """Return the query as the struct, whose fields are the parameters; raises RequestInvalid naming the parameter."""
    given = {name: request.query_params.getlist(name) for name in request.query_params}
    for name, values in given.items():
        if len(values) > 1:
            raise RequestInvalid(faults=(Fault(parameter=name, detail="Give it once."),))
        if not text.is_safe(values[0]):
            raise RequestInvalid(faults=(Fault(parameter=name, detail=_UNSAFE),))
    try:
        return msgspec.convert({name: text.composed(values[0]) for name, values in given.items()}, type_, strict=False)
    except msgspec.ValidationError as error:
        what, pointer = _place(str(error))
        raise RequestInvalid(faults=(Fault(parameter=pointer.removeprefix("/"), detail=what),)) from error


def _check_shape(raw: bytes) -> None:
    """Raise ValueError for a body that is nested deeper, or has more names, than any request needs; look at each byte once."""
    depth = names = 0
    for found in _SHAPE.finditer(_TEXT.sub(b"", raw)):
        if found[0] == b":":
            names += 1
        else:
            depth += 1 if found[0] in b"[{" else -1
        if depth > _DEEPEST or names > _MOST_NAMES:
            raise ValueError("it is nested too deeply" if depth > _DEEPEST else f"it has more than {_MOST_NAMES} names")


def _refuse(error: msgspec.ValidationError) -> NoReturn:
    what, pointer = _place(str(error))
    raise RequestInvalid(faults=(Fault(pointer=pointer, detail=what),)) from error


def _place(message: str) -> tuple[str, str]:
    """Return what msgspec says without its path, and the path as a JSON pointer; a missing or unknown field is the end of the path."""
    what, _, path = message.rpartition(" - at `$") if message.endswith("`") and " - at `$" in message else (message, "", "")
    steps = [name or index for name, index in _STEP.findall(path.removesuffix("`"))]
    if field := _FIELD.search(what):
        steps.append(field["field"])
    return f"{what.replace('`', '')[:_LONGEST_DETAIL]}.", "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that names a key twice."""
    read = dict(pairs)
    if len(read) != len(pairs):
        twice, count = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {twice[:_LONGEST_DETAIL]!r} is there {count} times")
    return read
