"""Looking up where a host is: slow, so never in a transaction, and never waited for long."""

import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from functools import cache

from webhooks.errors import WebhookUrlInvalid
from webhooks.rules import target_of

_PATIENCE_S = 3.0
_AT_ONCE = 8


def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses a host has now, none where it is not found; waits as long as the resolver does."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def addresses_in_time(url: str) -> list[str]:
    """Return the addresses of a URL's host, none when there are none, they are not found in three seconds, or it is no URL."""
    try:
        target = target_of(url)
    except WebhookUrlInvalid:
        return []
    asked = _resolvers().submit(addresses_of, target.host, target.port)
    try:
        return asked.result(timeout=_PATIENCE_S)
    except NotInTime:
        asked.cancel()
        return []


@cache
def _resolvers() -> ThreadPoolExecutor:
    """Return the threads that look up; made after the web server has forked."""
    return ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="lookup")
