"""What programs that ask over HTTP get done, beside plain Django and Django REST views of the same; called inside workers."""

import itertools
import json
import random
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from access import tokens
from access.site import this_bank
from bench import limit
from bench.bank import EUR, iban_of, teller
from bench.growth import ACCOUNTS
from bench.orders import Crowd, Wish, wishes
from bench.rates import BATCH
from messaging.services import ensure_own_key

_serial = itertools.count()
_PAGE = 50
_factory = RequestFactory()
_ID = "0198c0de-aaaa-7000-8000-000000000000"
_OUTCOME = {"status": "completed", "id": _ID, "kind": "internal", "status_url": f"/api/v1/transfers/{_ID}", "refusal": None}


def make_token_key(*, file: Path) -> None:
    """Make the key that signs tokens, known to the database."""
    ensure_own_key(use="tokens", file=file, now=timezone.now())


def orders_over_api(*, crowd: Crowd, seconds: float) -> float:
    """Return transfers a second through `POST transfers`."""
    return _orders("/api/v1/transfers", crowd=crowd, seconds=seconds)


def orders_over_a_bare_view(*, crowd: Crowd, seconds: float) -> float:
    """Return the same through a Django view that does the same and nothing more."""
    return _orders("/bench/pay", crowd=crowd, seconds=seconds)


def requests_for_nothing(*, crowd: Crowd, seconds: float) -> float:
    """Return requests a second of a REST view that checks the token and does nothing."""
    return _orders("/bench/nothing", crowd=crowd, seconds=seconds)


def batches_over_api(*, crowd: Crowd, batches: int) -> float:
    """Return transfers a second in batches through `POST transfer-batches`."""
    bodies = [{"transfers": [_order(wish) for wish in wishes(crowd, number=BATCH)]} for _ in range(batches)]
    prepared = [json.dumps(body).encode() for body in bodies]
    begun = time.perf_counter()
    answers = [_ask("POST", "/api/v1/transfer-batches", body) for body in prepared]
    taken = time.perf_counter() - begun
    accepted = [json.loads(answer)["accepted"] for answer in answers]  # reading them is the program's work, not the bank's
    assert accepted == [BATCH] * batches, accepted
    return BATCH * batches / taken


def batches_at_limit(*, crowd: Crowd, batches: int) -> float:
    """Return transfers a second in batches of set-based SQL that keeps an answer of the same length, made beforehand."""
    prepared = [wishes(crowd, number=BATCH) for _ in range(batches)]
    answer = json.dumps({"outcomes": [_OUTCOME] * BATCH})
    begun = time.perf_counter()
    for batch in prepared:
        limit.pay_many_and_keep(batch, answer=answer)
    return BATCH * batches / (time.perf_counter() - begun)


def pages_over_api(*, seconds: float) -> float:
    """Return pages a second of statements."""
    return _repeat(lambda: _page("/api/v1/accounts/{number}/statement"), seconds=seconds)


def pages_over_a_plain_serializer(*, seconds: float) -> float:
    """Return the same by a ModelSerializer over what `select_related` reads."""
    return _repeat(lambda: _page("/bench/statement/{number}"), seconds=seconds)


def _page(address: str) -> None:
    answer = json.loads(_ask("GET", address.format(number=iban_of(random.randrange(ACCOUNTS), bank=this_bank().code))))
    assert len(answer["data"]) == _PAGE, "every page is full"


def _orders(address: str, *, crowd: Crowd, seconds: float) -> float:
    stock = [json.dumps(_order(wish)).encode() for wish in wishes(crowd, number=2_000)]
    return _repeat(lambda: _ask("POST", address, stock[next(_serial) % len(stock)]), seconds=seconds)


def _repeat(work: Callable[[], object], *, seconds: float) -> float:
    done = 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        work()
        done += 1
    return done / (time.perf_counter() - begun)


def _order(wish: Wish) -> dict[str, Any]:
    return {
        "debtor": wish.debtor,
        "creditor": wish.creditor,
        "creditor_name": "Somebody",
        "amount": {"amount_minor": wish.amount_minor, "currency": EUR},
        "reference": wish.reference,
        "end_to_end_id": wish.end_to_end_id,
    }


def _ask(method: str, address: str, body: bytes = b"") -> bytes:
    """Send one request through everything a web server's request goes through, but for the server; return what was answered."""
    headers = {"Authorization": f"Bearer {_token()}", "Idempotency-Key": uuid4().hex}
    request: HttpRequest = _factory.generic(method, address, body, "application/json", headers=headers)
    answer: HttpResponse = _handler().get_response(request)  # type: ignore[assignment]  # nothing here streams
    assert answer.status_code < 300, answer.content
    return answer.content


@cache
def _handler() -> WSGIHandler:
    settings.ROOT_URLCONF = "bench.views"
    settings.ALLOWED_HOSTS = ["testserver"]
    return WSGIHandler()


_given: list[tuple[float, str]] = []


def _token() -> str:
    """Return a token of this minute."""
    if not _given or time.monotonic() - _given[-1][0] > 60:
        _given.append((time.monotonic(), tokens.issue(user=teller(), now=timezone.now()).access))
    return _given[-1][1]
