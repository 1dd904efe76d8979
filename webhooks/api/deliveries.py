"""Deliveries over the API: listed, shown, sent again."""

from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from access.rest import Because, Endpoint, Page, operation, page_of, position, read_body, read_query, user_of
from webhooks import selectors, services
from webhooks.api.words import DeliveriesQuery
from webhooks.errors import DeliveryUnknown, WebhookDisabled, WebhookUnknown
from webhooks.permissions import MANAGE, VIEW
from webhooks.selectors import DeliveryRow


class DeliveriesFound(Page[DeliveryRow], frozen=True, kw_only=True):
    """Deliveries, newest first."""


class Deliveries(Endpoint):
    """`webhooks/{id}/deliveries`."""

    needs = {"GET": VIEW}

    @operation(
        id="webhook_deliveries_list",
        summary="List deliveries",
        tag="webhooks",
        query=DeliveriesQuery,
        answers={200: DeliveriesFound},
        refuses=(WebhookUnknown,),
    )
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        """List what was and is to be delivered to a webhook, newest first. What went well is forgotten after a week."""
        query = read_query(request, DeliveriesQuery)
        before = position(query.cursor, int)
        rows = selectors.find_deliveries(
            endpoint_id=endpoint_id, by=user_of(request), status=query.status or "", before=before, limit=query.limit + 1
        )
        return Response(page_of(rows, limit=query.limit, key=lambda row: row.sequence))


class Delivery(Endpoint):
    """`webhook-deliveries/{id}`."""

    needs = {"GET": VIEW}

    @operation(
        id="webhook_deliveries_show", summary="Show a delivery", tag="webhooks", answers={200: DeliveryRow}, refuses=(DeliveryUnknown,)
    )
    def get(self, request: Request, delivery_id: UUID) -> Response:
        """Show a delivery and how it went."""
        return Response(selectors.delivery_by_id(delivery_id=delivery_id, by=user_of(request)))


class SendAgain(Endpoint):
    """`webhook-deliveries/{id}/send-again`."""

    needs = {"POST": MANAGE}

    @operation(
        id="webhook_deliveries_send_again",
        summary="Send a delivery again",
        tag="webhooks",
        body=Because,
        answers={202: DeliveryRow},
        is_kept=True,
        refuses=(DeliveryUnknown, WebhookDisabled),
    )
    def post(self, request: Request, delivery_id: UUID) -> Response:
        """Send a delivery again at once, whatever became of it. Its webhook-id stays, so a receiver that has it knows it."""
        reason, by = read_body(request, Because).reason, user_of(request)

        def effect() -> tuple[int, DeliveryRow]:
            selectors.delivery_by_id(delivery_id=delivery_id, by=by)
            services.send_again(delivery_id=delivery_id, reason=reason, by=by, now=timezone.now())
            return 202, selectors.delivery_by_id(delivery_id=delivery_id, by=by)

        return self.once(request, effect)
