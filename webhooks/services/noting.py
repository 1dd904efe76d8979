"""Noting what endpoints answered: done, again later, given up; and who takes nothing for days is asked no more."""

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from django.db import transaction

from access.sets import Update, execute
from webhooks.models import Delivery, Endpoint
from webhooks.rules import Answer, Health, Patience, pause
from webhooks.services.configuration import patience
from webhooks.services.endpoints import disable_each
from webhooks.services.locking import lock_each

_HEALTH = ("failures", "failing_since", "next_at")
_OUTCOME = ("status", "attempts", "asked_at", "next_at", "attempted_at", "finished_at", "answer_status", "answer")


def note_answers(*, answers: Sequence[tuple[UUID, UUID, Answer]], random: Random, now: datetime) -> None:
    """Write what became of attempts, each a delivery, its endpoint and the answer; a delivery that was finished meanwhile stays so.

    Opens a transaction; the number of statements is the same for any number of answers.
    """
    if not answers:
        return
    how_long = patience()
    with transaction.atomic():
        endpoints = lock_each(ids={endpoint for _, endpoint, _ in answers})
        named = Delivery.objects.filter(id__any=[delivery for delivery, _, _ in answers], finished_at__isnull=True)
        pending = {row.id: row for row in named.order_by("id").select_for_update(no_key=True).defer("body")}
        health = {
            id_: Health(failures=row.failures, failing_since=row.failing_since, next_at=row.next_at) for id_, row in endpoints.items()
        }
        rows = []
        for delivery, endpoint, answer in answers:
            if delivery in pending:
                health[endpoint].note(answer, now=now, patience=how_long, chance=random.random())
                is_well = endpoints[endpoint].failures == 0  # else it may be the endpoint's fault, and the delivery waits for it
                rows.append(_outcome(pending[delivery], answer, is_well=is_well, now=now, patience=how_long, chance=random.random()))
        execute(
            Update(model=Delivery, sets=_OUTCOME, rows=rows, locked=True),
            Update(model=Endpoint, sets=_HEALTH, rows=[(id_, *_columns(state)) for id_, state in health.items()], locked=True),
        )
        active = {id_ for id_, row in endpoints.items() if row.disabled_at is None}
        disable_each(
            {id_: state.disabled_why for id_, state in health.items() if state.disabled_why and id_ in active}, actor=None, now=now
        )


def _columns(state: Health) -> tuple[Any, ...]:
    return tuple(getattr(state, name) for name in _HEALTH)


def _outcome(row: Delivery, answer: Answer, *, is_well: bool, now: datetime, patience: Patience, chance: float) -> tuple[Any, ...]:
    """Return the row that says how an attempt ended; patience begins with the first failure since it was asked for."""
    attempts, status, finished_at, next_at = row.attempts + 1, Delivery.Status.PENDING, None, row.next_at
    is_first = row.attempted_at is None or row.attempted_at < row.asked_at
    asked_at = now if is_first and not answer.is_taken else row.asked_at
    if answer.is_taken:
        status, finished_at = Delivery.Status.DELIVERED, now
    elif is_well and now - asked_at >= patience.give_up:
        status, finished_at = Delivery.Status.FAILED, now
    else:
        next_at = now + pause(after=attempts, patience=patience, chance=chance)
    return (row.id, status.value, attempts, asked_at, next_at, now, finished_at, answer.status, answer.text)
