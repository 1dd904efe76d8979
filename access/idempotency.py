"""Doing it once: the first answer to a key is kept for ever and given again to whoever repeats the request."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection, transaction

from access import storage
from access.errors import InProgress, KeyReused
from access.models import IdempotencyKey
from access.retry import is_lock_timeout, retrying

_ACCEPTED = 200
_NOT_NOW = 429


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is said to a request: an HTTP status and plain JSON; `replayed` when it was said before. `headers` are not kept.

    A body that is long may be JSON already written (`msgspec.Raw`): it is then neither taken apart nor written again.
    """

    status: int
    body: Any
    replayed: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """Return whether the effect stands."""
        return self.status < 400

    @property
    def is_final(self) -> bool:
        """Return whether the same request may never be answered otherwise; "not now" (429) and an error of ours (5xx) may."""
        return self.status < 500 and self.status != _NOT_NOW


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """The key was free and is now the caller's, until its transaction ends."""


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """The key was used before for the same request; `body` is what was kept.

    `first` is the place in the same call at which the key is Fresh, and then `body` is empty: that request has no answer yet.
    """

    body: dict[str, Any]
    first: int | None = None


def once(*, principal: str, key: str, fingerprint: str, effect: Callable[[], Answer]) -> Answer:
    """Run `effect` for the first request with the key, in one transaction with the key's row; repeat its answer to all others.

    An answer of 4xx undoes the effect and is kept; one of 429 or 5xx, like an exception, undoes it and is not kept.
    Raises KeyReused when the key stands for another fingerprint, InProgress when the first request is still being worked on.
    Retries transient failures; never inside a transaction.
    """

    def attempt() -> Answer:
        with transaction.atomic(durable=True):
            earlier = _claim(principal=principal, key=key, fingerprint=fingerprint)
            if earlier is not None:
                return earlier
            answer = effect()
            if answer.is_success:
                storage.keep(principal=principal, status=answer.status, bodies={key: answer.body})
            else:
                transaction.set_rollback(True)  # the key's row goes with the effect: a kill from here on leaves nothing behind
        return answer

    answer = retrying(attempt)
    if answer.replayed or answer.is_success or not answer.is_final:
        return answer
    return retrying(lambda: _keep_refusal(principal=principal, key=key, fingerprint=fingerprint, refusal=answer))


def once_each(*, principal: str, keys: Sequence[tuple[str, str]]) -> list[Fresh | Repeated | KeyReused]:
    """Claim many (key, fingerprint) at once, in key order and inside the caller's transaction; return what each one is, in the order given.

    The caller stores with `keep` what became of the Fresh ones, or gives them back with `forget`.
    Waits for competitors; raises the database's transient errors, after which the whole transaction is done again.
    """
    assert connection.in_atomic_block, "keys are claimed in the transaction of their effects"
    first = {key: place for place, (key, _) in reversed(list(enumerate(keys)))}
    claimed = storage.claim(principal=principal, keys=[(key, keys[place][1]) for key, place in first.items()])
    earlier = storage.read(principal=principal, keys=first.keys() - claimed)
    return [_judge(keys, place, first[key], earlier.get(key)) for place, (key, _) in enumerate(keys)]


def keep(*, principal: str, bodies: Mapping[str, dict[str, Any]]) -> None:
    """Store what is answered when these keys, claimed in the same transaction, come again."""
    if bodies:
        storage.keep(principal=principal, status=_ACCEPTED, bodies=bodies)


def forget(*, principal: str, keys: Collection[str]) -> None:
    """Give back keys claimed in the same transaction: their requests were refused and will be judged anew."""
    if keys:
        storage.forget(principal=principal, keys=keys)


def _claim(*, principal: str, key: str, fingerprint: str) -> Answer | None:
    """Write the key's row and return None, or return the answer kept with it; raises InProgress, KeyReused."""
    try:
        if storage.claim(principal=principal, keys=[(key, fingerprint)]):
            return None
    except OperationalError as error:
        if is_lock_timeout(error):
            raise InProgress(key=key) from error
        raise
    row = storage.read(principal=principal, keys=[key])[key]
    if row.fingerprint != fingerprint:
        raise KeyReused(key=key)
    return Answer(status=row.status, body=json.loads(row.body), replayed=True)


def _keep_refusal(*, principal: str, key: str, fingerprint: str, refusal: Answer) -> Answer:
    """Store the refusal before it is answered, or return what another request with the same key was answered meanwhile."""
    with transaction.atomic(durable=True):
        earlier = _claim(principal=principal, key=key, fingerprint=fingerprint)
        if earlier is None:
            storage.keep(principal=principal, status=refusal.status, bodies={key: refusal.body})
    return earlier or refusal


def _judge(keys: Sequence[tuple[str, str]], place: int, first: int, earlier: IdempotencyKey | None) -> Fresh | Repeated | KeyReused:
    """Return what the request at `place` is, `first` being the place of its key's first use in the call."""
    key, fingerprint = keys[place]
    if (earlier.fingerprint if earlier else keys[first][1]) != fingerprint:
        return KeyReused(key=key)
    if earlier:
        return Repeated(body=json.loads(earlier.body))
    return Fresh() if place == first else Repeated(body={}, first=first)
