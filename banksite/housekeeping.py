"""What must be tidied now and then: holds and questions whose time has come, messages, sessions and tokens that are over."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Event

from django.contrib.sessions.models import Session
from django.db import Error, close_old_connections

import access.tokens
import accounts.services
import headbank.services
import messaging.services
import messaging.worker_state
import transfers.services
import webhooks.services
from access import meters
from access.database_clock import DatabaseClock
from access.database_errors import discard_connection, first_line, is_unavailable
from access.retry import retrying
from banksite.measuring import measure

logger = logging.getLogger(__name__)
_LIMIT = 1_000
_ROUNDS = 1_000  # of _LIMIT each: one pass ends, however much there is


def _delete_sessions(*, now: datetime, limit: int) -> int:
    """Delete sessions that are over; return how many."""
    over = Session.objects.filter(expire_date__lt=now).order_by("expire_date", "pk").values_list("pk", flat=True)[:limit]
    return Session.objects.filter(pk__in=list(over)).delete()[0]


TASKS: Mapping[str, Callable[..., int]] = {
    "holds": accounts.services.expire_holds,
    "approvals": transfers.services.expire_approvals,
    "refunds": transfers.services.refund_due,
    "payments-files": transfers.services.finish_files,
    "unconfirmed-files": transfers.services.forget_files,
    "messages": messaging.services.delete_finished_messages,
    "ended-workers": messaging.worker_state.forget_ended_workers,
    "deliveries": webhooks.services.delete_over,
    "reconciliations": transfers.services.reconcile_due,
    "event-stream": transfers.services.keep_event_stream,
    "settlement": headbank.services.settle_due,
    "sessions": _delete_sessions,
    "tokens": access.tokens.delete_over,
}


def tidy(*, now: datetime) -> dict[str, int]:
    """Do every task once, in portions, and measure the bank; return how much each task did. Safe to repeat and beside another one."""
    done = {name: _all_of(task, now=now) for name, task in TASKS.items()}
    for name, number in done.items():
        meters.HOUSEKEEPING.labels(name).inc(number)
    measure(now=now)
    return done


def tidy_until(*, stop: Event, every_s: float) -> None:
    """Tidy every so often until `stop` is set; a database that is away is waited for."""
    clock = DatabaseClock()
    while not stop.is_set():
        close_old_connections()
        try:
            logger.info("housekeeping.done", extra=tidy(now=clock.now()))
        except Error as error:
            if not is_unavailable(error):
                raise
            discard_connection()
            logger.warning("housekeeping.failed", extra={"error": type(error).__name__, "detail": first_line(error)})
        stop.wait(every_s)


def _all_of(task: Callable[..., int], *, now: datetime) -> int:
    """Repeat the task until a portion is not full; return how much was done."""
    total = 0
    for _ in range(_ROUNDS):
        done = retrying(lambda: task(now=now, limit=_LIMIT))
        total += done
        if done < _LIMIT:
            break
    return total
