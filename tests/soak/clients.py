"""API clients of a bank that pay its neighbour through every fault, each payment under one key until it has an answer."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Self

from banksite.machine.ports import LOOPBACK
from banksite.seeding import password_of
from transfers.orders import Payment

_REQUEST_S = 60.0
_PAUSE_S = 0.25
_RETRY_S = 0.5
_ANSWER_S = 300.0  # a payment without an answer for so long is a violation
_AGAIN = {HTTPStatus.UNAUTHORIZED, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back for one request; status 0 when the connection broke."""

    status: int
    retry_after: bool = False
    body: str = ""


class Clients:
    """Several threads that pay from one bank; what they were promised is kept for the judge."""

    def __init__(self, *, name: str, port: int, payments: Callable[[], Iterator[Payment]], threads: int, most: int) -> None:
        self.name, self._port, self._most = name, port, most
        self.accepted: dict[str, tuple[str, Payment]] = {}  # transfer id and order, by end-to-end id
        self.statuses: Counter[int] = Counter()
        self.violations: list[str] = []
        self._tokens: dict[int, str] = {}
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._payments = payments
        self._threads = [threading.Thread(target=self._work, args=(number,), name=f"{name} {number}") for number in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, thread: int) -> None:
        payments = self._payments()
        for _ in range(thread):
            next(payments)
        for number in range(self._most):
            payment = next(payments, None)
            if payment is None:
                payments = self._payments()
                payment = next(payments)
            try:
                self._pay(payment, key=f"{self.name}-{thread}-{number}", thread=thread)
            except Exception as error:  # noqa: BLE001  # reported with all other violations
                self._report(f"a client of {self.name} failed: {error!r}")
                return
            if self._stop.wait(_PAUSE_S):
                return

    def _pay(self, payment: Payment, *, key: str, thread: int) -> None:
        """Send one order until it is accepted; anything else than a request to come again is a violation."""
        until = time.monotonic() + _ANSWER_S
        while time.monotonic() < until:
            answer = self._order(payment, key, thread)
            if answer.status == HTTPStatus.ACCEPTED:
                with self._lock:
                    self.accepted[key] = (json.loads(answer.body)["id"], payment)
                return
            if answer.status and answer.status not in _AGAIN:
                self._report(f"{self.name} answered {answer.status} to {key}: {answer.body[:300]}")
                return
            if answer.status == HTTPStatus.UNAUTHORIZED:
                self._tokens.pop(thread, None)
            time.sleep(_RETRY_S)
        self._report(f"{self.name} gave no answer to {key} for {_ANSWER_S:.0f} s")

    def _order(self, payment: Payment, key: str, thread: int) -> Answer:
        token = self._tokens.get(thread) or self._sign_in(thread)
        if not token:
            return Answer(status=0)
        body = {
            "debtor": payment.debtor,
            "creditor": payment.creditor,
            "creditor_name": payment.creditor_name,
            "amount": {"amount_minor": payment.amount.amount_minor, "currency": payment.amount.currency},
            "end_to_end_id": key,
        }
        return self._post("/api/v1/transfers", body, {"Authorization": f"Bearer {token}", "Idempotency-Key": key})

    def _sign_in(self, thread: int) -> str:
        answer = self._post("/api/v1/auth/token", {"username": "teller", "password": password_of("teller")}, {})
        if answer.status == HTTPStatus.OK:
            self._tokens[thread] = json.loads(answer.body)["access_token"]
        elif answer.status not in {0, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            self._report(f"{self.name} answered {answer.status} to a sign-in: {answer.body[:300]}")
        return self._tokens.get(thread, "")

    def _post(self, path: str, body: object, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=_REQUEST_S)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"} | headers)
            response = connection.getresponse()
            answer = Answer(status=response.status, retry_after="Retry-After" in response.headers, body=response.read().decode())
        except (OSError, http.client.HTTPException):  # the server was killed meanwhile, or is not there
            answer = Answer(status=0)
        finally:
            connection.close()
        with self._lock:
            self.statuses[answer.status] += 1
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not (
            answer.status == HTTPStatus.SERVICE_UNAVAILABLE and answer.retry_after
        ):
            self._report(f"{self.name} answered {answer.status} without saying when to come again: {answer.body[:300]}")
        return answer

    def _report(self, violation: str) -> None:
        with self._lock:
            self.violations.append(violation)
