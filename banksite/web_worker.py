"""A web server's worker that gives a thread to whole requests alone: a client that sends slowly, or not at all, waits at nobody's cost.

gunicorn's threaded worker reads a request in the thread that answers it, so as many slow bodies as there are threads stop a bank. Here the
loop that accepts connections collects the bytes of each request, and hands the connection over when they are complete.
"""

import re
import selectors
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import ThreadWorker

MOST_BYTES = 2_300_000  # of a request: the largest file of payments that pages take, and what a form puts around it
HEAD_BYTES = 65_536
ALL_BYTES = 64_000_000  # of all requests that a worker collects at once
COLLECTED_WITHIN_S, STOPPED_WITHIN_S = 15.0, 2.0

_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*([0-9]{1,18})[ \t]*\r?$")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:")
_EXPECTS = re.compile(rb"(?im)^expect:[ \t]*100-continue")
_FOR_MACHINES = (b"GET /livez ", b"GET /readyz ", b"GET /metrics ", b"HEAD /livez ", b"HEAD /readyz ")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class _Collected:
    """The bytes of a connection's next request so far; `needed` is how many it has, None while that is not known."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.needed: int | None = None
        self.begun_at = time.monotonic()
        self._is_told_to_go_on = False

    def is_complete(self) -> bool:
        """Return whether the parser finds a whole request, or something it refuses without waiting for more."""
        if self.needed is None:
            end = self.data.find(b"\r\n\r\n")
            if end < 0:
                return len(self.data) > HEAD_BYTES
            head = bytes(self.data[:end])
            if _CHUNKED.search(head):
                return self.data.endswith(b"0\r\n\r\n") or len(self.data) > MOST_BYTES
            length = _LENGTH.search(head)
            self.needed = end + 4 + (int(length[1]) if length else 0)
        return len(self.data) >= self.needed

    def expects_continue(self) -> bool:
        """Return, once, whether the client waits for a word before it sends the body."""
        if self._is_told_to_go_on or self.needed is None:
            return False
        self._is_told_to_go_on = True
        return _EXPECTS.search(bytes(self.data[:HEAD_BYTES])) is not None


class WholeRequestWorker(ThreadWorker):  # type: ignore[misc]  # ships no types
    """gunicorn's threaded worker, whose threads never wait for a client to send.

    What machines ask about the process has a thread of its own: it is answered whatever the others do.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._collecting: dict[Any, _Collected] = {}
        self._for_machines = ThreadPoolExecutor(max_workers=1)

    def enqueue_req(self, conn: Any) -> None:
        """Collect the request of a connection that was accepted or has become readable, then have a thread answer it."""
        conn.sock.settimeout(0)  # reads return at once
        collected = self._collecting[conn] = _Collected()
        if conn.parser is not None:  # what the request before it left is the beginning of this one
            collected.data += conn.parser.unreader.take_buffered()
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._receive, conn))
        self._receive(conn, conn.sock)

    def murder_pending(self) -> None:
        """Close the connections whose request is not there in time."""
        super().murder_pending()
        before = time.monotonic() - (COLLECTED_WITHIN_S if self.alive else STOPPED_WITHIN_S)
        for conn in [conn for conn, collected in self._collecting.items() if collected.begun_at < before]:
            self._drop(conn)

    def _receive(self, conn: Any, client: Any) -> None:
        """Take what has come; hand the connection over when its request is whole."""
        collected = self._collecting[conn]
        try:
            received = client.recv(65_536)
        except BlockingIOError:
            received = None
        except OSError:
            return self._drop(conn)
        if received == b"" and not collected.data:
            return self._drop(conn)
        collected.data += received or b""
        if received == b"" or collected.is_complete():
            return self._hand_over(conn)
        if (collected.needed or 0) > MOST_BYTES or sum(len(each.data) for each in self._collecting.values()) > ALL_BYTES:
            return self._drop(conn, farewell=_TOO_LARGE)
        if collected.expects_continue():
            self._say(client, _CONTINUE)
        return None

    def _hand_over(self, conn: Any) -> None:
        self.poller.unregister(conn.sock)
        collected = self._collecting.pop(conn)
        conn.init()  # the bank's port speaks no TLS: nothing here can wait
        conn.parser.unreader.unread(bytes(collected.data))
        conn.data_ready = True
        pool = self._for_machines if collected.data.startswith(_FOR_MACHINES) else self.tpool
        pool.submit(self.handle, conn).add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def _drop(self, conn: Any, *, farewell: bytes = b"") -> None:
        self.poller.unregister(conn.sock)
        del self._collecting[conn]
        self.nr_conns -= 1
        if farewell:
            self._say(conn.sock, farewell)
        util.close(conn.sock)

    def _say(self, client: Any, words: bytes) -> None:
        try:
            client.send(words)
        except OSError:
            return
