"""What the bodies and queries of these endpoints are made of."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from access.rest.pages import Cursor, Limit
from webhooks.rules import MAX_URL

EventName = Literal[
    "transfer.awaiting-approval",
    "transfer.cancel-asked",
    "transfer.cancelled",
    "transfer.completed",
    "transfer.credited",
    "transfer.pending",
    "transfer.refused",
    "transfer.rejected",
]
Url = Annotated[
    str,
    Meta(
        max_length=MAX_URL, description="Where deliveries are posted: https on the public internet.", examples=["https://erp.example/hook"]
    ),
]
_Name = Annotated[EventName, Meta(extra_json_schema={"type": "string"})]
Names = Annotated[Sequence[_Name], Meta(max_length=20, description="Which events; none named means all, those to come too.")]


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where events are wanted. `after` is a cursor of `events` from which to go on; without it, from now on."""

    url: Url
    events: Names = ()
    after: Annotated[str, Meta(max_length=200)] | None = None


class ChangedWebhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different now; what is left out stays."""

    url: Url | msgspec.UnsetType = msgspec.UNSET
    events: Names | msgspec.UnsetType = msgspec.UNSET


class WebhooksQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the list."""

    cursor: Cursor | None = None
    limit: Limit = 50


class DeliveriesQuery(WebhooksQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries."""

    status: Literal["pending", "delivered", "failed", "withdrawn"] | None = None
