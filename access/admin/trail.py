"""The audit trail, and the answers that are given again."""

from django.contrib import admin

from access.admin.base import BankAdmin
from access.models import AuditEvent, IdempotencyKey


@admin.register(AuditEvent)
class AuditEventAdmin(BankAdmin):
    """What somebody did, newest first."""

    list_display = ("at", "actor", "action", "subject", "reason", "request_id")
    list_select_related = ("actor",)
    search_fields = ("=subject",)
    search_help_text = "What it is about, such as an account's number or user:name"
    masks = ("subject", "before", "after", "reason")
    fields = (("at", "actor"), "action", "subject", "reason", "before", "after", "request_id")


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(BankAdmin):
    """The first answers that are given again."""

    list_display = ("created_at", "principal", "key", "status")
    search_fields = ("=key",)
    never_exported = ("body",)
    fields = ("key", "principal", ("status", "created_at"))  # the answer itself is its asker's alone
