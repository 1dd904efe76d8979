"""Letting dead letters try again: through every check, like a record that just came."""

import logging
from datetime import datetime

from django.db import transaction

from access.retry import will_pass
from messaging import dead_letters, selectors, verifying
from messaging.errors import Unreadable
from messaging.handling import Handlers
from messaging.models import DeadLetter

logger = logging.getLogger(__name__)
_AT_ONCE = 10


def redrive(*, handlers: Handlers, now: datetime) -> int:
    """Try the letters two persons want tried, each in its own transaction; return how many were let through.

    One that is still unreadable is open again with its reason; so is one whose handler fails.
    """
    return sum(_redrive(letter, handlers, now) for letter in dead_letters.to_redrive(limit=_AT_ONCE))


def _redrive(letter: DeadLetter, handlers: Handlers, now: datetime) -> bool:
    record = dead_letters.record_of(letter)
    try:
        with transaction.atomic(durable=True):
            keys = selectors.keys(key_ids=[verifying.key_id_of(record=record)])
            handler, received = verifying.read(record=record, keys=keys, handlers=handlers)
            handler.handle(received=[received], now=now)
            dead_letters.mark_redriven(letter=letter)
    except Unreadable as error:
        _bury_again(letter, error, now)
        return False
    except Exception as error:
        if will_pass(error):
            raise  # tried again
        logger.exception("consumer.redrive-failed", extra={"letter": letter.pk})
        _bury_again(letter, Unreadable("handler-failed", repr(error)), now)
        return False
    return True


def _bury_again(letter: DeadLetter, error: Unreadable, now: datetime) -> None:
    with transaction.atomic():
        dead_letters.bury(record=dead_letters.record_of(letter), item=letter.item, reason=error.reason, detail=error.detail, now=now)
