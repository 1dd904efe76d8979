"""Read-only lists of transfers and their story."""

from django.contrib import admin

from access.admin import BankAdmin
from transfers.models import DayClose, ReceiptPrint, Transfer, TransferEvent


@admin.register(Transfer)
class TransferAdmin(BankAdmin):
    """Every order and what became of it, newest first."""

    list_display = ("created_at", "kind", "status", "amount_minor", "currency", "debtor_number", "creditor_number", "reason", "reference")
    list_filter = ("kind", "status", "currency", "destination_bank")
    search_fields = ("=id", "=origin_id", "=debtor_number", "=creditor_number", "=end_to_end_id")
    list_select_related = ("asked_by",)


@admin.register(TransferEvent)
class TransferEventAdmin(BankAdmin):
    """The story of transfers, newest first."""

    list_display = ("at", "transfer", "type", "reason")
    list_filter = ("type",)
    search_fields = ("=transfer__id",)
    raw_id_fields = ("transfer",)


@admin.register(ReceiptPrint)
class ReceiptPrintAdmin(BankAdmin):
    """Every printing of a receipt."""

    list_display = ("printed_at", "transfer", "number", "printed_by")
    list_select_related = ("printed_by",)
    search_fields = ("=transfer__id",)
    raw_id_fields = ("transfer",)


@admin.register(DayClose)
class DayCloseAdmin(BankAdmin):
    """The days that are over."""

    list_display = ("day", "closed_by", "closed_at")
    list_select_related = ("closed_by",)
