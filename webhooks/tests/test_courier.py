"""The courier over real HTTP: to nowhere but where it was judged to lead, for no longer than it must."""

import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from banksite.machine.ports import LOOPBACK, free_ports
from webhooks import lookup
from webhooks.courier import Courier
from webhooks.rules import Answer, Policy
from webhooks.services import Parcel
from webhooks.tests.receiver import Got, Handler, Receiver, receiving

LENIENT, STRICT = (Policy(allow_http=True, allow_private=private) for private in (True, False))
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Ask = Callable[[str], Answer]


def parcel(url: str) -> Parcel:
    return Parcel(delivery=uuid4(), endpoint=uuid4(), url=url, headers={"webhook-id": "w-1"}, body=b'{"a":1}')


@pytest.fixture(autouse=True)
def bank() -> None:
    """A courier needs no bank."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def courier() -> Iterator[Courier]:
    with Courier(policy=LENIENT, deadline_s=1.0) as courier:
        yield courier


@pytest.fixture
def ask(courier: Courier) -> Ask:
    return lambda url: courier.send(parcel(url)).result(timeout=20)


class TestAnAnswer:
    def test_is_what_the_receiver_said(self, ask: Ask, receiver: Receiver) -> None:
        assert ask(receiver.url + "?x=1") == Answer(status=200, text="ok")
        [got] = receiver.got
        assert (got.path, got.body, got.name, got.headers["content-type"]) == ("/hook?x=1", b'{"a":1}', "w-1", "application/json")
        assert got.headers["host"] == f"{LOOPBACK}:{receiver.port}"

    def test_of_a_redirect_leads_nowhere(self, ask: Ask, receiver: Receiver) -> None:
        def redirect(_: Got, handler: Handler) -> None:
            handler.send_response(302)
            handler.send_header("Location", f"http://{LOOPBACK}:{receiver.port}/secret")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        receiver.answers = redirect

        assert ask(receiver.url).status == 302
        assert [got.path for got in receiver.got] == ["/hook"]

    def test_of_any_length_is_read_only_so_far(self, ask: Ask, receiver: Receiver) -> None:
        def flood(_: Got, handler: Handler) -> None:
            handler.close_connection = True
            handler.send_response(200)
            handler.send_header("Content-Length", str(10**12))
            handler.end_headers()
            try:
                for _part in range(2_000):
                    handler.wfile.write(b"x" * 65_536)
            except OSError:
                pass

        receiver.answers = flood

        assert ask(receiver.url) == Answer(status=200, text="x" * 200)

    def test_is_cleared_of_what_could_trick_a_terminal(self, ask: Ask, receiver: Receiver) -> None:
        def escape(_: Got, handler: Handler) -> None:
            handler.send_response(500)
            handler.send_header("Content-Length", "9")
            handler.end_headers()
            handler.wfile.write(b"a\x1b[31m\n\xff\x00")

        receiver.answers = escape

        assert ask(receiver.url) == Answer(status=500, text="a [31m \N{REPLACEMENT CHARACTER} ")

    @pytest.mark.parametrize("drip", [False, True])
    def test_that_does_not_come_is_not_waited_for(self, ask: Ask, receiver: Receiver, drip: bool) -> None:
        def wait(_: Got, handler: Handler) -> None:
            handler.close_connection = True
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            while not receiver.may_answer.wait(0.1):
                if drip:
                    handler.wfile.write(b"x")  # a byte now and then keeps every single read in time

        receiver.answers = wait
        began = time.monotonic()

        assert ask(receiver.url) == Answer(status=None, text="no answer within 1 s")
        assert time.monotonic() - began < 5

    def test_that_is_no_http_is_a_failure_like_any_other(self, ask: Ask, receiver: Receiver) -> None:
        receiver.answers = lambda _, handler: handler.wfile.write(b"220 mail.example ESMTP\r\n") and handler.connection.close()

        assert ask(receiver.url).status is None

    def test_from_where_nobody_listens_is_one_too(self, ask: Ask) -> None:
        assert ask(f"http://{LOOPBACK}:{free_ports(count=1)[0]}/").status is None

    def test_over_tls_needs_a_certificate_that_is_trusted(self, ask: Ask, receiver: Receiver) -> None:
        assert ask(receiver.url.replace("http://", "https://")).status is None
        assert receiver.got == []


class TestAPrivateAddress:
    @pytest.mark.parametrize("host", [LOOPBACK, "localhost", "127.1", "[::1]"])
    def test_is_not_connected_to(self, receiver: Receiver, host: str) -> None:
        with Courier(policy=STRICT) as courier:
            answer = courier.send(parcel(receiver.url.replace(LOOPBACK, host))).result(timeout=20)

        assert answer.status is None
        assert "not on the public internet" in answer.text
        assert receiver.got == []

    def test_is_not_connected_to_by_a_name_that_was_public_a_moment_ago(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        """DNS rebinding: what counts is the address that is connected to, not the one that was seen at the registration."""
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (LOOPBACK, receiver.port))]
        )

        with Courier(policy=STRICT) as courier:
            answer = courier.send(parcel(f"http://rebound.example:{receiver.port}/")).result(timeout=20)

        assert "not on the public internet" in answer.text
        assert receiver.got == []

    def test_is_looked_up_once_for_a_connection(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        def look_up(host: str, port: int) -> list[str]:
            asked.append(host)
            return [LOOPBACK] if len(asked) == 1 else ["192.0.2.1"]

        monkeypatch.setattr(lookup, "addresses_of", look_up)

        with Courier(policy=LENIENT) as courier:
            answer = courier.send(parcel(f"http://erp.example:{receiver.port}/hook")).result(timeout=20)

        assert answer.is_taken
        assert asked == ["erp.example"]
        assert receiver.got[0].headers["host"] == f"erp.example:{receiver.port}"

    def test_plain_http_is_refused_where_the_bank_does_not_allow_it(self, receiver: Receiver) -> None:
        with Courier(policy=Policy(allow_http=False, allow_private=True)) as courier:
            answer = courier.send(parcel(receiver.url)).result(timeout=20)

        assert "https" in answer.text
        assert receiver.got == []


class TestASlowReceiver:
    def test_holds_up_no_other(self, receiver: Receiver, courier: Courier) -> None:
        receiver.answers = lambda got, _: 200 if got.path == "/quick" else 200 if receiver.may_answer.wait(10) else 500
        slow = [courier.send(parcel(receiver.url)) for _ in range(20)]

        quick = [courier.send(parcel(receiver.url.replace("/hook", "/quick"))).result(timeout=20) for _ in range(5)]

        assert all(answer.is_taken for answer in quick)
        assert not any(answer.done() and answer.result().is_taken for answer in slow)
        receiver.may_answer.set()
