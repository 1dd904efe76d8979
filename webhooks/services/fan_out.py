"""From the stream to the queue: each event becomes a delivery for every endpoint that wants it and whose owner may see it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from uuid_utils.compat import uuid7

import access.selectors
from access.retry import retrying
from access.sets import Insert, Update, execute
from accounts.selectors.reach import reach_of_each
from transfers import permissions as of_transfers
from transfers import stream
from transfers.stream import Place, Streamed
from webhooks import letters
from webhooks.models import Delivery, Endpoint
from webhooks.services.endpoints import disable_each

EVENTS, ENDPOINTS = 200, 100  # of one transaction: at most their product in deliveries
PLACES = 4  # of one turn, each with a transaction of its own
NO_LONGER_ALLOWED = "its owner may no longer follow events"

_FIELDS = ("id", "endpoint_id", "sequence", "event_id", "type", "body", "created_at", "asked_at", "next_at")
Located = Sequence[tuple[Place, Streamed]]


def fan_out(*, random: Random, now: datetime) -> int:
    """Queue the next events for endpoints, where the furthest stand and where some others do; return how many endpoints moved on.

    An endpoint's place moves in the transaction that queues its deliveries: nothing is left out and nothing queued twice. The statements
    are no more for more events and endpoints. Who is far behind, enabled after a week, holds up nobody.
    """
    return sum(_move_on(place, now=now) for place in _some_places(random))


def _some_places(random: Random) -> list[Place]:
    """Return the furthest place of active endpoints and a few others, by chance, so that none is always left out. Mostly there is one."""
    places = Endpoint.objects.filter(disabled_at__isnull=True).values_list("place_xid", "place_id").distinct()
    furthest_first = [Place(*place) for place in places.order_by("-place_xid", "-place_id")]
    others = furthest_first[1:]
    return [*furthest_first[:1], *random.sample(others, min(len(others), PLACES - 1))]


def _move_on(start: Place, *, now: datetime) -> int:
    """Read on from a place, and take along the endpoints that stand between there and the last event read."""
    events = stream.read_on(after=start, limit=EVENTS)
    return retrying(lambda: _queue(start, events, now=now)) if events else 0


def _queue(start: Place, events: Located, *, now: datetime) -> int:
    last = events[-1][0]
    with transaction.atomic():
        between = Endpoint.objects.filter(~_before(start) & _before(last), disabled_at__isnull=True, place_xid__gte=start.xid)
        next_ = between.order_by("place_xid", "place_id", "id").values("id")[:ENDPOINTS]  # who stands further has other turns
        endpoints = list(between.filter(id__in=next_).order_by("id").select_for_update(no_key=True))
        least = stream.first_id()
        holders = access.selectors.holders_of(permission=of_transfers.VIEW, among={endpoint.owner_id for endpoint in endpoints})
        reach = reach_of_each(users=holders.values(), numbers={number for _, event in events for number in (event.debtor, event.creditor)})
        rows, moved = list[tuple[Any, ...]](), list[tuple[UUID, int, int, int]]()
        for endpoint in endpoints:
            if endpoint.owner_id in holders:
                wanted = list(_wanted(endpoint, events, reach[endpoint.owner_id]))
                first = max(endpoint.sequence + 1, least)
                rows += [_row(endpoint, number, event, now) for number, event in enumerate(wanted, start=first)]
                moved.append((endpoint.id, last.xid, last.id, first + len(wanted) - 1 if wanted else endpoint.sequence))
        execute(
            Insert(model=Delivery, fields=_FIELDS, rows=rows),
            Update(model=Endpoint, sets=("place_xid", "place_id", "sequence"), rows=moved, locked=True),
        )
        barred = {endpoint.id: NO_LONGER_ALLOWED for endpoint in endpoints if endpoint.owner_id not in holders}
        disable_each(barred, actor=None, now=now)
    return len(endpoints)


def _wanted(endpoint: Endpoint, events: Located, numbers: frozenset[str] | None) -> Iterator[Streamed]:
    """Yield the events behind the endpoint's place that it asked for and its owner may see."""
    behind, types = Place(endpoint.place_xid, endpoint.place_id), frozenset(endpoint.events)
    for place, event in events:
        if place > behind and (not types or letters.type_of(event) in types) and stream.concerns(event, numbers):
            yield event


def _row(endpoint: Endpoint, sequence: int, event: Streamed, now: datetime) -> tuple[Any, ...]:
    body = letters.of(event, sequence=sequence)
    return (uuid7(), endpoint.id, sequence, event.id, letters.type_of(event), body, now, now, now)


def _before(place: Place) -> Q:
    return Q(place_xid__lt=place.xid) | Q(place_xid=place.xid, place_id__lt=place.id)
