"""Everything that happens to transfers, as one stream to follow by cursor."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access.rest import Endpoint, operation, read_query, user_of
from access.rest.pages import Limit, cursor_of, position
from accounts.amounts import Amount
from messaging.errors import EventStreamRestarted
from transfers import permissions, stream
from transfers.stream import Place, Streamed


class EventShown(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a transfer: usually its new status. An id is never used twice."""

    id: int
    type: str
    at: datetime
    reason: str
    transfer: UUID
    kind: str
    debtor: str
    creditor: str
    amount: Amount

    @classmethod
    def of(cls, event: Streamed) -> "EventShown":
        """Return an event as it is told."""
        return cls(
            id=event.id,
            type=event.type,
            at=event.at,
            reason=event.reason,
            transfer=event.transfer_id,
            kind=event.kind,
            debtor=event.debtor,
            creditor=event.creditor,
            amount=Amount(amount_minor=event.amount_minor, currency=event.currency),
        )


class EventsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where to read on."""

    after: (
        Annotated[str, Meta(max_length=200, description="`next` of the answer before; without it the stream begins at the beginning.")]
        | None
    ) = None
    limit: Limit = 50


class EventsShown(msgspec.Struct, frozen=True, kw_only=True):
    """Events in the order to follow. Ask again with `next` as `after`, also when `data` is empty; unchanged, it says that all was read."""

    data: Sequence[EventShown]
    next: str | None


class Events(Endpoint):
    """`events`."""

    needs = {"GET": permissions.VIEW}

    @operation(
        id="events_list",
        summary="What happened since",
        tag="transfers",
        query=EventsQuery,
        answers={200: EventsShown},
        refuses=(EventStreamRestarted,),
    )
    def get(self, request: Request) -> Response:
        """Read what happened to transfers from and to the accounts you act for. No event ever appears in front of one that was read."""
        query = read_query(request, EventsQuery)
        events, last = stream.events_after(by=user_of(request), after=position(query.after, Place), limit=query.limit)
        return Response(EventsShown(data=[EventShown.of(event) for event in events], next=cursor_of(last) if last else None))
