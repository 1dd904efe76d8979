"""Read-only lists of transfers and their story."""

from django.contrib import admin

from access.admin import BankAdmin
from transfers import reconciliations
from transfers.models import Break, DayClose, ReceiptPrint, Reconciliation, SettlementPosition, Transfer, TransferEvent


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


@admin.register(Reconciliation)
class ReconciliationAdmin(BankAdmin):
    """Days compared with other banks and what came of it, newest first."""

    list_display = ("day", "peer", "origin_bank", "currency", "verdict", "our_count", "their_count", "on_their_way", "detail", "asked_at")
    list_filter = ("verdict", "currency", "peer")


@admin.register(Break)
class BreakAdmin(BankAdmin):
    """Transfers this and another bank do not agree on, what each says of them, and what puts them right."""

    list_display = ("found_at", "kind", "origin_id", "origin_bank", "destination_bank", "currency", "explanation", "repair", "ended_at")
    list_filter = ("kind", "origin_bank", "destination_bank")
    list_select_related = ("repair",)
    search_fields = ("=origin_id",)

    @admin.display(description="explanation")
    def explanation(self, difference: Break) -> str:
        """Say what it means and who puts it right."""
        return reconciliations.explanation_of(difference)


@admin.register(SettlementPosition)
class SettlementPositionAdmin(BankAdmin):
    """What this bank reported to settlements, and what of it was booked."""

    list_display = ("cut_off_at", "peer", "currency", "amount_minor", "reported_at", "transfer")
    list_filter = ("currency", "peer")
    list_select_related = ("transfer",)
