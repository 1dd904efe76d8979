"""The courier: carries many parcels at a time over HTTP, each with a deadline, to nowhere but the addresses that were judged."""

import asyncio
import logging
import ssl
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from typing import Protocol, Self

import httpcore

from access.errors import DomainError
from webhooks import lookup
from webhooks.errors import WebhookUrlInvalid
from webhooks.rules import Answer, Policy, Target, refusal_of, target_of
from webhooks.services import Parcel

logger = logging.getLogger(__name__)

DEADLINE_S = 10.0
AT_ONCE = 256
_READ_BYTES = 65_536  # of an answer; the rest is nobody's business
_TOLD = 200
_ADDRESSES_TRIED = 2
_RESOLVERS = 32
_OURS = {"content-type": "application/json", "user-agent": "distributed-banking-system-webhooks/1"}


class Carrier(Protocol):
    """Sends parcels; the answer comes later, and always comes."""

    def send(self, parcel: Parcel) -> "Future[Answer]":
        """Begin to send."""

    def close(self) -> None:
        """Send no more; what is under way is let go."""


class Courier:
    """A thread with an event loop, so that a slow endpoint holds up nobody. Follows no redirect, asks no proxy, keeps no cookie."""

    def __init__(self, *, policy: Policy, deadline_s: float = DEADLINE_S) -> None:
        self._policy, self._deadline_s = policy, deadline_s
        self._loop = asyncio.new_event_loop()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=2 * AT_ONCE,
            max_keepalive_connections=AT_ONCE,
            keepalive_expiry=5.0,
            network_backend=_Guarded(policy),
        )
        self._thread = Thread(target=self._loop.run_forever, name="courier", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, parcel: Parcel) -> "Future[Answer]":
        """Begin to send; the answer comes before the deadline, whatever the other side does."""
        return asyncio.run_coroutine_threadsafe(self._answer(parcel), self._loop)

    def close(self) -> None:
        """Let go of what is under way and end the thread."""
        asyncio.run_coroutine_threadsafe(_end(self._pool), self._loop).result(timeout=self._deadline_s)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=self._deadline_s)
        self._loop.close()

    async def _answer(self, parcel: Parcel) -> Answer:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._post(parcel, target_of(parcel.url))
        except TimeoutError:
            return Answer(status=None, text=f"no answer within {self._deadline_s:.0f} s")
        except DomainError as refusal:
            return Answer(status=None, text=_plain(str(refusal)))
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            return Answer(status=None, text=_plain(f"{type(error).__name__}: {error}"))
        except Exception:  # a bug met on the way to one endpoint must not end the deliveries to all others
            logger.exception("webhooks.courier-failed", extra={"delivery": str(parcel.delivery)})
            return Answer(status=None, text="an error on our side")

    async def _post(self, parcel: Parcel, target: Target) -> Answer:
        if target.scheme != "https" and not self._policy.allow_http:
            raise WebhookUrlInvalid(why="has to begin with https://")
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        async with self._pool.stream("POST", url, headers=[*_OURS.items(), *parcel.headers.items()], content=parcel.body) as response:
            read = b""
            async for part in response.aiter_stream():
                read += part
                if len(read) >= _READ_BYTES:
                    break
            return Answer(status=response.status, text=_plain(read[: 4 * _TOLD].decode(errors="replace")))


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to the very addresses it judged: a name that leads elsewhere a moment later (DNS rebinding) leads nowhere."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._inner = httpcore.AnyIOBackend()
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="lookup")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Look up, judge, connect; raises the refusal."""
        addresses = await asyncio.get_running_loop().run_in_executor(self._resolvers, lookup.addresses_of, host, port)
        target = Target(scheme="https", host=host, port=port, path="/")
        refusal = refusal_of(target=target, addresses=addresses, policy=self._policy)
        if refusal is not None:
            raise refusal
        *first, last = addresses[:_ADDRESSES_TRIED]
        for address in first:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.NetworkError:
                continue
        return await self._inner.connect_tcp(last, port, timeout, local_address, socket_options)


def _plain(text: str) -> str:
    """Return the beginning of a text on one line, without what could trick a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:_TOLD])


async def _end(pool: httpcore.AsyncConnectionPool) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await pool.aclose()
