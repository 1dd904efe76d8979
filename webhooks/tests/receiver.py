"""A real receiver on the loopback interface, which does with a delivery what a test wants."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from banksite.machine.ports import LOOPBACK


@dataclass(frozen=True, kw_only=True)
class Got:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def name(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Keeps what it got, in order. `answers` decides what is said: a status, or what the handler itself does with the connection."""

    port: int
    got: list[Got] = field(default_factory=list)
    answers: Callable[[Got, "Handler"], int | None] = lambda _, __: 200
    may_answer: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/hook"

    @property
    def names(self) -> list[str]:
        return [got.name for got in self.got]


class Handler(BaseHTTPRequestHandler):
    """Hands a request to the receiver."""

    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # whoever sent it died meanwhile: half a request is none
            self.close_connection = True
            return
        got = Got(path=self.path, headers={name.lower(): value for name, value in self.headers.items()}, body=body)
        self.receiver.got.append(got)
        status = self.receiver.answers(got, self)
        if status is not None:
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        """Log nothing."""


class Server(ThreadingHTTPServer):
    """One thread for each connection, and room for many to come at once."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a courier may hang up at any time."""


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """Listen while the block runs."""

    class Ours(Handler):
        receiver = Receiver(port)

    server = Server((LOOPBACK, port), Ours)
    Ours.receiver.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield Ours.receiver
    finally:
        Ours.receiver.may_answer.set()
        server.shutdown()
        server.server_close()
