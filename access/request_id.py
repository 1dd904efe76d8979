"""The id of the request being answered, so that log, audit trail and answer name it alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """Return the id of the request being answered; empty outside of one."""
    return _current.get()


@contextmanager
def answering(request_id: str) -> Iterator[None]:
    """Name the request being answered within the block."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)
