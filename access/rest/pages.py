"""Lists in pages: each names where the next one begins, so that nothing is counted, skipped or shown twice."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import msgspec

from access.errors import RequestInvalid
from access.rest.problem import Fault

T = TypeVar("T")
K = TypeVar("K")
Limit = Annotated[int, msgspec.Meta(ge=1, le=200, description="How many to return at most.")]
Cursor = Annotated[str, msgspec.Meta(max_length=200, description="Where to go on: `next` of the page before.")]


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some of a list, in its order; `next` is the cursor of what follows, null at the end."""

    data: Sequence[T]
    next: str | None


def page_of(rows: Sequence[T], *, limit: int, key: Callable[[T], object]) -> Page[T]:
    """Return the page of rows that were read with one more than `limit`; `key` says where the next page begins: behind that row."""
    shown = rows[:limit]
    return Page(data=shown, next=cursor_of(key(shown[-1])) if len(rows) > limit else None)


def position(cursor: str | None, type_: type[K]) -> K | None:
    """Return the key a cursor stands for, None at the beginning; raises RequestInvalid for one we never gave."""
    if cursor is None:
        return None
    unreadable = RequestInvalid(faults=(Fault(parameter="cursor", detail="Use the `next` of a page as it is."),))
    try:
        key = msgspec.json.decode(urlsafe_b64decode(cursor.encode() + b"=="), type=type_)
    except ValueError as error:
        raise unreadable from error
    if any(isinstance(part, str) and "\0" in part for part in (key if isinstance(key, tuple) else (key,))):
        raise unreadable
    return key


def cursor_of(key: object) -> str:
    """Return the cursor that stands for a key."""
    return urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()
