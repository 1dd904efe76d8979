"""Read-only lists of webhooks and what was delivered to them."""

from django.contrib import admin

from access.admin import BankAdmin
from webhooks.models import Delivery, Endpoint


@admin.register(Endpoint)
class EndpointAdmin(BankAdmin):
    """Where programs want events delivered."""

    list_display = ("created_at", "owner", "url", "failures", "failing_since", "next_at", "disabled_at", "disabled_why")
    list_select_related = ("owner",)
    search_fields = ("=id", "url", "=owner__username")
    exclude = ("secret", "previous_secret")


@admin.register(Delivery)
class DeliveryAdmin(BankAdmin):
    """What was delivered, and what waits, newest first."""

    list_display = ("created_at", "endpoint_url", "sequence", "type", "status", "attempts", "next_at", "answer_status", "answer")
    list_filter = ("status",)
    list_select_related = ("endpoint",)
    search_fields = ("=id", "=endpoint__id")
    exclude = ("body",)
    raw_id_fields = ("endpoint", "event")

    @admin.display(description="webhook")
    def endpoint_url(self, delivery: Delivery) -> str:
        """Name the endpoint by where it is."""
        return delivery.endpoint.url
