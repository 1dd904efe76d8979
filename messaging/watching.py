"""A worker's only door, where machines ask what it counts (/metrics) and whether its turns go on (/livez)."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from django.conf import settings
from django.core.management.base import CommandError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from messaging.stop import Stop

STANDSTILL_S = 120.0  # longer than any turn: each of its waits has an end, and together they stay below


@contextmanager
def watched(stop: Stop) -> Iterator[Stop]:
    """Answer at METRICS_LISTEN while the block runs; without that setting, listen nowhere. Raises CommandError where it cannot listen."""
    if not settings.METRICS_LISTEN:
        yield stop
        return
    host, _, port = settings.METRICS_LISTEN.rpartition(":")
    try:
        server = _Door((host, int(port)), stop)
    except (OSError, ValueError) as error:
        raise CommandError(
            f"METRICS_LISTEN={settings.METRICS_LISTEN} cannot be listened at ({error}); use HOST:PORT that is free."
        ) from error
    Thread(target=server.serve_forever, args=(0.1,), name="watched", daemon=True).start()
    try:
        yield stop
    finally:
        server.shutdown()
        server.server_close()


class _Door(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], stop: Stop) -> None:
        self.stop = stop
        super().__init__(address, _Answer)


class _Answer(BaseHTTPRequestHandler):
    timeout = 5
    server: _Door

    def do_GET(self) -> None:
        """Answer one question."""
        if self.path == "/metrics":
            self._say(HTTPStatus.OK, generate_latest(), CONTENT_TYPE_LATEST)
        elif self.path == "/livez":
            turns = self.server.stop.standstill_s() < STANDSTILL_S
            self._say(
                HTTPStatus.OK if turns else HTTPStatus.SERVICE_UNAVAILABLE, b"turning\n" if turns else b"standing still\n", "text/plain"
            )
        else:
            self._say(HTTPStatus.NOT_FOUND, b"", "text/plain")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Log nothing: machines ask every few seconds."""

    def _say(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
