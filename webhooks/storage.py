"""What is due, read set-based: for each endpoint as many deliveries as it has room for."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.db import connection

from webhooks.models import Delivery

# Each endpoint's arm walks its own index and stops at its limit, however much waits for it or for others.
_DUE = """
SELECT d.id FROM unnest(%s::uuid[], %s::integer[]) AS e(id, room) CROSS JOIN LATERAL (
    SELECT id FROM webhooks_delivery
    WHERE endpoint_id = e.id AND finished_at IS NULL AND next_at <= %s AND id <> ALL (%s::uuid[])
    ORDER BY next_at, id LIMIT e.room
) d
"""


def due(*, room: Mapping[UUID, int], under_way: Collection[UUID], now: datetime) -> list[UUID]:
    """Return the ids of the next deliveries of each endpoint, at most `room` for each, without those under way."""
    if not room:
        return []
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_DUE, [list(room), list(room.values()), now, list(under_way)])
            return [id_ for (id_,) in cursor.fetchall()]
    return [id_ for endpoint, limit in room.items() for id_ in _due_of(endpoint, limit, under_way, now)]


def _due_of(endpoint: UUID, limit: int, under_way: Collection[UUID], now: datetime) -> list[UUID]:
    """Return the next deliveries of one endpoint, on a database that lives in this process and makes a question cost nothing."""
    waiting = Delivery.objects.filter(endpoint_id=endpoint, finished_at__isnull=True, next_at__lte=now)
    return list(waiting.exclude(id__any=list(under_way)).order_by("next_at", "id").values_list("id", flat=True)[:limit])
