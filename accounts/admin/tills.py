"""Tills in the admin, from float to count."""

from django.contrib import admin
from django.utils.safestring import SafeString

from access.admin import BankAdmin, coloured, link_to
from accounts.admin.showing import shown_amount
from accounts.models import Account, TillSession


@admin.register(TillSession)
class TillSessionAdmin(BankAdmin):
    """Tills from float to count."""

    list_display = ("opened_at", "number", "teller", "state", "float_amount", "expected", "counted", "explanation", "closed_at")
    list_select_related = ("account", "teller")
    list_filter = ("status",)
    search_fields = ("=account__number", "=teller__username")

    @coloured("status")
    def state(self, session: TillSession) -> str:
        """Show whether it is open."""
        return session.status

    @admin.display(description="till")
    def number(self, session: TillSession) -> SafeString:
        """Lead to the till's account."""
        return link_to(Account, session.account_id, session.account.number)

    @admin.display(description="float")
    def float_amount(self, session: TillSession) -> SafeString | str:
        """Show what it began with."""
        return shown_amount(session.float_minor, session.account.currency)

    @admin.display(description="expected")
    def expected(self, session: TillSession) -> SafeString | str:
        """Show what should be there."""
        return shown_amount(session.expected_minor, session.account.currency)

    @admin.display(description="counted")
    def counted(self, session: TillSession) -> SafeString | str:
        """Show what was there."""
        return shown_amount(session.counted_minor, session.account.currency)
