"""The register of banks, to look at."""

from django.contrib import admin

from access.admin import BankAdmin
from headbank.models import Bank, BankKey, Invitation, Window


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


@admin.register(Invitation)
class InvitationAdmin(BankAdmin):
    """Who was invited to apply, and whether the bank did."""

    list_display = ("bank", "invited_at", "invited_by", "expires_at", "used_at")
    list_select_related = ("invited_by",)
    search_fields = ("=bank",)
    ordering = ("-invited_at", "digest")
    exclude = ("digest",)


@admin.register(Window)
class WindowAdmin(BankAdmin):
    """The settlement windows, newest first; the page of each is under /settlements."""

    list_display = ("cut_off_at", "status", "deadline_at", "asked_by", "proposed_at", "ended_at")
    list_filter = ("status",)
    list_select_related = ("asked_by",)
