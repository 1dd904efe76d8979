"""The register of banks, to look at."""

from django.contrib import admin

from access.admin import BankAdmin
from headbank.models import Bank, BankKey


@admin.register(Bank)
class RegisteredBankAdmin(BankAdmin):
    """The banks the head bank vouches for."""

    list_display = ("code", "name", "status", "topic", "partitions", "registered_at")
    list_filter = ("status",)
    search_fields = ("code", "name")
    ordering = ("code",)


@admin.register(BankKey)
class BankKeyAdmin(BankAdmin):
    """The keys that speak for a bank."""

    list_display = ("key_id", "bank", "announced_at", "revoked_at")
    list_select_related = ("bank",)
    search_fields = ("=key_id", "=bank__code")
    ordering = ("bank", "key_id")
