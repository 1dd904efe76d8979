"""Webhooks in the admin: where programs want events delivered, paused and resumed, and what was delivered."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from access.admin import Asked, BankAdmin, coloured, deed, link_to, list_link
from webhooks import permissions, services
from webhooks.models import Delivery, Endpoint


@admin.register(Endpoint)
class EndpointAdmin(BankAdmin):
    """Where programs want events delivered."""

    list_display = ("url", "owner", "state", "failures", "failing_since", "created_at")
    list_filter = (("disabled_at", admin.EmptyFieldListFilter),)
    list_select_related = ("owner",)
    search_fields = ("=id", "url", "=owner__username")
    search_help_text = "Part of the address, or the whole name of a program"
    fields = (
        ("url", "owner"),
        ("state", "created_at"),
        ("failures", "failing_since"),
        ("next_at", "events"),
        ("disabled_at", "disabled_why"),
        ("previous_until", "sequence"),
        "deliveries",
    )
    readonly_fields = ("state", "deliveries")
    never_exported = ("secret", "previous_secret")
    actions_detail = ("pause", "resume")

    def name_of(self, row: Any) -> str:
        """Return where it is."""
        return str(row.url)

    @coloured("status")
    def state(self, endpoint: Endpoint) -> str:
        """Show whether it is delivered to, and whether it takes what comes."""
        if endpoint.disabled_at:
            return "paused"
        return "failing" if endpoint.failures else "active"

    @admin.display(description="deliveries")
    def deliveries(self, endpoint: Endpoint) -> SafeString:
        """Lead to what was delivered and what waits."""
        return list_link(Delivery, "Show the deliveries", q=endpoint.pk)

    @deed(
        title="Pause",
        explains=lambda endpoint: f"Nothing is delivered to {endpoint.url} until it is resumed. What happens meanwhile is kept for it.",
        permission=permissions.MANAGE,
        icon="pause_circle",
        is_dangerous=True,
        offered=lambda endpoint: endpoint.disabled_at is None,
    )
    def pause(self, asked: Asked, endpoint: Endpoint) -> str:
        """Deliver nothing to an endpoint."""
        services.disable_endpoint(endpoint_id=endpoint.pk, reason=asked.reason, by=asked.by, now=asked.now)
        return "Nothing is delivered there any more."

    @deed(
        title="Resume",
        explains=lambda endpoint: f"Everything since the pause ({endpoint.disabled_why or 'no reason given'}) is delivered, in order.",
        permission=permissions.MANAGE,
        icon="play_circle",
        offered=lambda endpoint: endpoint.disabled_at is not None,
    )
    def resume(self, asked: Asked, endpoint: Endpoint) -> str:
        """Deliver to an endpoint again."""
        services.enable_endpoint(endpoint_id=endpoint.pk, reason=asked.reason, by=asked.by, now=asked.now)
        return "Deliveries go on from where they stopped."


@admin.register(Delivery)
class DeliveryAdmin(BankAdmin):
    """What was delivered, and what waits, newest first."""

    list_display = ("created_at", "endpoint_url", "sequence", "type", "state", "attempts", "next_at", "answer_status", "answer")
    list_filter = ("status",)
    list_select_related = ("endpoint",)
    search_fields = ("=id", "=endpoint__id")
    search_help_text = "A delivery's or a webhook's id"
    fields = (
        ("endpoint_link", "sequence"),
        ("type", "state"),
        ("created_at", "asked_at"),
        ("attempts", "attempted_at"),
        ("next_at", "finished_at"),
        ("answer_status", "answer"),
    )
    readonly_fields = ("endpoint_link", "state")
    never_exported = ("body",)
    actions_detail = ("send_again",)

    def name_of(self, row: Any) -> str:
        """Return which delivery of its endpoint it is."""
        return f"{row.type}, number {row.sequence}"

    @coloured("status")
    def state(self, delivery: Delivery) -> str:
        """Show what became of it."""
        return delivery.status

    @admin.display(description="webhook")
    def endpoint_url(self, delivery: Delivery) -> str:
        """Name the endpoint by where it is."""
        return delivery.endpoint.url

    @admin.display(description="webhook")
    def endpoint_link(self, delivery: Delivery) -> SafeString:
        """Lead to the endpoint."""
        return link_to(Endpoint, delivery.endpoint_id, delivery.endpoint.url)

    @deed(
        title="Send again",
        explains=lambda delivery: (
            f"The same delivery goes to {delivery.endpoint.url} once more, under its own id, so that who has it already knows it."
        ),
        permission=permissions.MANAGE,
        icon="send",
        offered=lambda delivery: delivery.endpoint.disabled_at is None,
    )
    def send_again(self, asked: Asked, delivery: Delivery) -> str:
        """Send a delivery again."""
        services.send_again(delivery_id=delivery.pk, reason=asked.reason, by=asked.by, now=asked.now)
        return "It is sent again at the next turn."
