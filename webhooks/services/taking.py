"""Handing over what is due, to those who may have it."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from random import Random
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.db import transaction
from django.db.models import Exists, OuterRef

import access.selectors
from accounts.selectors.reach import reach_of_each
from transfers import permissions as of_transfers
from webhooks import signing, storage, vault
from webhooks.models import Delivery, Endpoint
from webhooks.rules import room_at
from webhooks.services.endpoints import disable_each
from webhooks.services.fan_out import NO_LONGER_ALLOWED
from webhooks.services.locking import lock_each

UNREADABLE = "its secret cannot be read since SECRET_KEY changed; rotate the secret, then enable it"


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One attempt, ready to be sent."""

    delivery: UUID
    endpoint: UUID
    url: str
    headers: Mapping[str, str]
    body: bytes


def take_due(*, under_way: Mapping[UUID, UUID], room: int, random: Random, now: datetime) -> list[Parcel]:
    """Return at most `room` deliveries that are due, signed as of now. `under_way` are those already on their way, with their endpoints.

    What their owners may no longer see is withdrawn, what whole endpoints may no longer have disables them. They are due until they are
    noted: who takes them and dies leaves them to the next.
    """
    endpoints = _with_something_due(under_way=under_way, room=room, random=random, now=now)
    ids = storage.due(room={row.id: left for row, left in endpoints}, under_way=under_way, now=now)
    if not ids:
        return []
    holders = access.selectors.holders_of(permission=of_transfers.VIEW, among={row.owner_id for row, _ in endpoints})
    by_id = {row.id: (row, secrets) for row, _ in endpoints if row.owner_id in holders and (secrets := _secrets(row, now=now))}
    _bar([row for row, _ in endpoints if row.id not in by_id], holders=holders, now=now)
    found = Delivery.objects.filter(id__any=ids).select_related("event__transfer").order_by("endpoint_id", "sequence")
    allowed = [row for row in found if row.endpoint_id in by_id]
    seen = reach_of_each(users=holders.values(), numbers={number for row in allowed for number in _numbers(row)})
    hidden = {row.id for row in allowed if _is_hidden(row, seen[by_id[row.endpoint_id][0].owner_id])}
    if hidden:
        withdrawn = {"status": Delivery.Status.WITHDRAWN, "finished_at": now}
        Delivery.objects.filter(id__any=list(hidden), finished_at__isnull=True).update(**withdrawn)
    return [_parcel(row, *by_id[row.endpoint_id], now=now) for row in allowed if row.id not in hidden]


def _with_something_due(*, under_way: Mapping[UUID, UUID], room: int, random: Random, now: datetime) -> list[tuple[Endpoint, int]]:
    """Return endpoints that have something due and room for it, with that room; by chance who comes first, so that none is always last."""
    waiting = Delivery.objects.filter(endpoint=OuterRef("pk"), finished_at__isnull=True, next_at__lte=now)
    rows = list(Endpoint.objects.filter(Exists(waiting), disabled_at__isnull=True, next_at__lte=now).order_by("id"))
    random.shuffle(rows)
    busy = list(under_way.values())
    taken: list[tuple[Endpoint, int]] = []
    for row in rows:
        if room <= 0:
            break
        left = min(room, room_at(failures=row.failures, under_way=busy.count(row.id)))
        if left:
            taken.append((row, left))
            room -= left
    return taken


def _bar(endpoints: Collection[Endpoint], *, holders: Collection[int], now: datetime) -> None:
    """Disable endpoints whose owners may see nothing any more, or whose secrets cannot be read."""
    if endpoints:
        why = {row.id: UNREADABLE if row.owner_id in holders else NO_LONGER_ALLOWED for row in endpoints}
        with transaction.atomic():
            active = [id_ for id_, row in lock_each(ids=why).items() if row.disabled_at is None]
            disable_each({id_: why[id_] for id_ in active}, actor=None, now=now)


def _secrets(endpoint: Endpoint, *, now: datetime) -> list[str]:
    """Return the secrets that sign now; none where the current one cannot be read. A rotation heals that: the previous one may be lost."""
    try:
        secrets = [vault.unseal(bytes(endpoint.secret), of=endpoint.id)]
    except InvalidTag:
        return []
    if endpoint.previous_secret is not None and endpoint.previous_until is not None and now < endpoint.previous_until:
        with suppress(InvalidTag):
            secrets.append(vault.unseal(bytes(endpoint.previous_secret), of=endpoint.id))
    return secrets


def _numbers(row: Delivery) -> tuple[str, ...]:
    """Return the accounts a delivery is about; none for a test."""
    return (row.event.transfer.debtor_number, row.event.transfer.creditor_number) if row.event else ()


def _is_hidden(row: Delivery, numbers: frozenset[str] | None) -> bool:
    return numbers is not None and row.event is not None and numbers.isdisjoint(_numbers(row))


def _parcel(row: Delivery, endpoint: Endpoint, secrets: list[str], *, now: datetime) -> Parcel:
    body = row.body.encode()
    headers = signing.headers(name=str(row.id), body=body, secrets=secrets, now=now)
    return Parcel(delivery=row.id, endpoint=endpoint.id, url=endpoint.url, headers=headers, body=body)
