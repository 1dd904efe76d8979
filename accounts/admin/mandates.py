"""Which programs act for which customers."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from access.admin import Asked, BankAdmin, Gone, deed, link_to
from accounts import permissions, services
from accounts.models import Customer, Mandate


@admin.register(Mandate)
class MandateAdmin(BankAdmin):
    """Which API clients act for which customers."""

    list_display = ("client", "holder", "granted_at")
    list_select_related = ("user", "customer")
    search_fields = ("=user__username", "=customer__phone")
    search_help_text = "The whole name of a program, or the whole phone number of a customer"
    fields = (("client", "holder_link"), "granted_at")
    readonly_fields = ("client", "holder_link")
    links = {"user__exact": "a program's page", "customer__id__exact": "a customer's page"}
    actions_detail = ("revoke",)

    def name_of(self, row: Any) -> str:
        """Return who acts for whom."""
        return f"{row.user.username} for {row.customer.name}"

    @admin.display(description="API client")
    def client(self, mandate: Mandate) -> str:
        """Name the client."""
        return mandate.user.get_username()

    @admin.display(description="customer")
    def holder(self, mandate: Mandate) -> str:
        """Name the customer."""
        return mandate.customer.name

    @admin.display(description="customer")
    def holder_link(self, mandate: Mandate) -> SafeString:
        """Lead to the customer."""
        return link_to(Customer, mandate.customer_id, mandate.customer.name)

    @deed(
        title="Take this mandate back",
        explains=lambda mandate: f"{mandate.user.username} acts for {mandate.customer.name} no longer, from its next request on.",
        submit="Take back",
        permission=permissions.GRANT_MANDATE,
        icon="person_cancel",
        is_dangerous=True,
    )
    def revoke(self, asked: Asked, mandate: Mandate) -> Gone:
        """Let a program act for a customer no longer."""
        services.revoke_mandate(user=mandate.user, customer_id=mandate.customer_id, reason=asked.reason, by=asked.by, now=asked.now)
        return Gone(f"{mandate.user.username} acts for {mandate.customer.name} no longer.")
