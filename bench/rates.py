"""How many payments a second one process gets done, through the product's services or at the limit; called inside workers."""

import time
from collections.abc import Callable

from django.db import connection
from django.utils import timezone

from bench import limit
from bench.bank import teller
from bench.orders import Crowd, Wish, payment, wishes
from transfers import services
from transfers.orders import Accepted

BATCH = 1_000


def batches_of_ours(*, crowd: Crowd, batches: int) -> float:
    """Return transfers a second in batches through `services.submit`."""
    return _batches(submit, crowd=crowd, batches=batches)


def batches_at_limit(*, crowd: Crowd, batches: int) -> float:
    """Return transfers a second in batches of set-based SQL."""
    return _batches(limit.pay_many, crowd=crowd, batches=batches)


def singles_of_ours(*, crowd: Crowd, seconds: float) -> float:
    """Return transfers a second one by one through `services.submit`."""
    return _singles(lambda wish: submit([wish]), crowd=crowd, seconds=seconds)


def singles_at_limit(*, crowd: Crowd, seconds: float) -> float:
    """Return transfers a second, each one PL/pgSQL call."""
    return _singles(limit.pay_one, crowd=crowd, seconds=seconds)


def deadlocks() -> int:
    """Return how many deadlocks this database has resolved so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def _batches(pay: Callable[[list[Wish]], None], *, crowd: Crowd, batches: int) -> float:
    prepared = [wishes(crowd, number=BATCH) for _ in range(batches)]
    begun = time.perf_counter()
    for batch in prepared:
        pay(batch)
    return BATCH * batches / (time.perf_counter() - begun)


def _singles(pay: Callable[[Wish], None], *, crowd: Crowd, seconds: float) -> float:
    """Pay from a stock made beforehand until the time is over."""
    stock = wishes(crowd, number=2_000)
    done = 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        pay(stock[done % len(stock)])
        done += 1
    return done / (time.perf_counter() - begun)


def submit(batch: list[Wish]) -> None:
    """Order payments through the product and make sure that all were taken."""
    outcomes = services.submit(orders=[payment(wish) for wish in batch], by=teller(), now=timezone.now())
    assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes
