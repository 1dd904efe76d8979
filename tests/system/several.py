"""A bank with two of every process behind one front door, and programs that pay through that door without knowing."""

import http.client
import json
import re
import shutil
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Self

from banksite.demo.banks import CHECKOUT, manage
from banksite.machine.nginx import ensure_nginx
from banksite.machine.ports import LOOPBACK, free_ports
from messaging.models import Lease
from tests.system.bank import CONSUMER, LIMIT_S, RELAY, Bank, answers, until
from transfers.orders import Payment

WEB, NUMBERS = "web", (1, 2)
SERVER: list[str | Path] = [
    *(sys.executable, "-m", "gunicorn", "banksite.wsgi", "--config", "python:banksite.web_server", "--threads", "4"),
]
COMMANDS = {RELAY: "bank_messages_published", CONSUMER: "bank_records_handled_total"}  # and what each shows from its first work on


@dataclass(kw_only=True)
class Several:
    """Two web servers, two relays and two consumers of one bank; a number tells one of a kind from the other."""

    bank: Bank
    doors: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [named(kind, number) for number in NUMBERS for kind in (WEB, *COMMANDS)]
        self.doors = dict(zip([*names, "front"], free_ports(count=len(names) + 1), strict=True))

    def begin(self, *kinds: str, number: int) -> None:
        """Start processes under the commands of production."""
        for kind in kinds:
            door = f"{LOOPBACK}:{self.doors[named(kind, number)]}"
            command = [*SERVER, "--bind", door] if kind == WEB else ["env", f"METRICS_LISTEN={door}", *manage(kind)]
            self.bank.begin_program(command, name=named(kind, number))

    def end_in_order(self, *kinds: str, number: int) -> list[int]:
        """Ask processes to end, all at once; return how each did."""
        asked = [self.bank.running.pop(named(kind, number)) for kind in kinds]
        for process in asked:
            process.terminate()
        return [process.wait(timeout=LIMIT_S) for process in asked]

    def kill(self, kind: str, *, number: int) -> None:
        self.bank.kill(named(kind, number))

    def await_well(self, *kinds: str, number: int) -> None:
        """Wait until processes do their work; a consumer does when it has settled something, so there has to be traffic."""
        for kind in kinds:
            until(lambda kind=kind: self._is_well(kind, number), what=f"{named(kind, number)} is at work")  # type: ignore[misc]

    def number_at_work(self, kind: str, *, otherwise: int) -> int:
        """Return which relay publishes; of those that work side by side, the one that is named."""
        if kind != RELAY:
            return otherwise
        with self.bank.inside():
            holder = Lease.objects.get(name="relay").holder
        [number] = [number for number in NUMBERS if f":{self.bank.running[named(RELAY, number)].pid}:" in holder]
        return number

    def _is_well(self, kind: str, number: int) -> bool:
        door = self.doors[named(kind, number)]
        if kind == WEB:
            return answers(door, "/readyz")
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{door}/metrics", timeout=5) as answer:
                shown = re.search(rf"^{COMMANDS[kind]}\S* (\S+)$", answer.read().decode(), flags=re.MULTILINE)
        except OSError:
            return False
        return shown is not None and (kind == RELAY or float(shown[1]) > 0)

    def open_front_door(self) -> None:
        """Start nginx with the shipped rules for an API before both web servers, as before two addresses of one name."""
        folder = self.bank.bank.folder / "front"
        shutil.copytree(CHECKOUT / "deploy/nginx", folder)
        servers = "".join(f"server {LOOPBACK}:{self.doors[named(WEB, number)]} max_fails=0; " for number in NUMBERS)
        places = " ".join(f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(
            f"pid {folder}/pid; error_log stderr warn; events {{}}\n"
            f"http {{ access_log off; {places} upstream bank {{ {servers} }}\n"
            f"server {{ listen {LOOPBACK}:{self.doors['front']}; set $bank bank; include api.conf; }} }}\n"
        )
        self.bank.begin_program([ensure_nginx(), "-c", folder / "nginx.conf", "-g", "daemon off;"], name="front")
        until(lambda: answers(self.doors["front"], "/api/schema/"), what="the front door opens")


class Customers:
    """Programs that pay through one door, each payment under one key until it is accepted."""

    HANDS, MOST, PAUSE_S = 2, 2_000, 0.2

    def __init__(self, *, door: int, token: str, payments: Iterator[Payment], name: str) -> None:
        self.accepted = dict[str, str]()  # transfers by key
        self.answers = Counter[int]()  # by status
        self.slowest_s = 0.0
        self.name, self._door, self._token, self._payments = name, door, token, cycle(list(payments))
        self._stop, self._lock, self._trouble = threading.Event(), threading.Lock(), list[BaseException]()
        self._hands = [threading.Thread(target=self._work, args=(hand,), name=f"hand {hand}") for hand in range(self.HANDS)]

    def __enter__(self) -> Self:
        for hand in self._hands:
            hand.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for hand in self._hands:
            hand.join()

    def stop(self) -> None:
        """Let every payment that was begun be accepted, and begin no more; raise what the bank was not to answer."""
        self.__exit__(None, None, None)
        if self._trouble:
            raise self._trouble[0]

    def errors(self) -> set[int]:
        """Return every status of 500 and above that was answered; each said when to come again."""
        return {status for status in self.answers if status >= http.client.INTERNAL_SERVER_ERROR}

    def go_on(self, more: int = 10) -> None:
        """Wait until some payments were accepted that were not begun before now."""
        enough = len(self.accepted) + self.HANDS + more
        until(lambda: len(self.accepted) >= enough or bool(self._trouble), what="payments are accepted")

    def _work(self, hand: int) -> None:
        try:
            for number in range(self.MOST):
                with self._lock:
                    payment = next(self._payments)
                self._pay(payment, key=f"{self.name}-{hand}-{number}")
                if self._stop.wait(self.PAUSE_S):
                    return
        except BaseException as error:  # noqa: BLE001  # raised again by the thread that waits
            self._trouble.append(error)

    def _pay(self, payment: Payment, *, key: str) -> None:
        """Ask until the payment is accepted, sooner than the bank says: that is harder."""
        begun = time.monotonic()
        until(lambda: self._is_accepted(payment, key=key), what=f"{key} is accepted")
        with self._lock:
            self.slowest_s = max(self.slowest_s, time.monotonic() - begun)

    def _is_accepted(self, payment: Payment, *, key: str) -> bool:
        """Ask once; what else is answered has to say when to come again, or counts against the bank."""
        status, again, body = self._ask(payment, key)
        with self._lock:
            self.answers[status] += 1
            if status == http.client.ACCEPTED:
                self.accepted[key] = json.loads(body)["id"]
        assert again or key in self.accepted, f"{status}: {body}"
        return key in self.accepted

    def _ask(self, payment: Payment, key: str) -> tuple[int, bool, str]:
        body = {
            "debtor": payment.debtor,
            "creditor": payment.creditor,
            "creditor_name": payment.creditor_name,
            "amount": {"amount_minor": payment.amount.amount_minor, "currency": payment.amount.currency},
            "end_to_end_id": key,
        }
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", "Idempotency-Key": key}
        connection = http.client.HTTPConnection(LOOPBACK, self._door, timeout=60)
        try:
            connection.request("POST", "/api/v1/transfers", json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, "Retry-After" in answer.headers, answer.read().decode()
        finally:
            connection.close()


def other(number: int) -> int:
    return sum(NUMBERS) - number


def named(kind: str, number: int) -> str:
    return f"{kind} {number}"
