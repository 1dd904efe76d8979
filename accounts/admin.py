"""Read-only lists of the ledger."""

from django.contrib import admin

from access.admin import BankAdmin
from accounts.models import Account, BalanceStripe, Card, Customer, Hold, Mandate, Posting, TillSession


@admin.register(Customer)
class CustomerAdmin(BankAdmin):
    """Who banks here."""

    list_display = ("name", "phone", "email", "opened_at", "closed_at")
    search_fields = ("name", "phone")
    ordering = ("name", "id")


@admin.register(Mandate)
class MandateAdmin(BankAdmin):
    """Which API clients act for which customers."""

    list_display = ("user", "customer", "granted_at")
    list_select_related = ("user", "customer")


@admin.register(Account)
class AccountAdmin(BankAdmin):
    """All accounts, the bank's own included; a striped one's balance is in its stripes."""

    list_display = ("number", "holder_name", "kind", "currency", "status", "balance_minor", "held_minor", "floor_minor", "striped")
    list_filter = ("kind", "currency", "status")
    search_fields = ("=number", "holder_name")
    autocomplete_fields = ("customer",)


@admin.register(BalanceStripe)
class BalanceStripeAdmin(BankAdmin):
    """The parts of striped accounts' balances."""

    list_display = ("account", "stripe", "credits_minor", "debits_minor")
    list_select_related = ("account",)


@admin.register(Posting)
class PostingAdmin(BankAdmin):
    """The journal, newest first."""

    list_display = ("id", "booked_at", "transfer_id", "leg", "debit_account", "credit_account", "amount_minor", "currency")
    list_select_related = ("debit_account", "credit_account")
    search_fields = ("=transfer_id",)


@admin.register(Hold)
class HoldAdmin(BankAdmin):
    """Amounts set aside."""

    list_display = ("placed_at", "account", "amount_minor", "purpose", "status", "captured_minor", "expires_at", "ended_at")
    list_select_related = ("account",)
    list_filter = ("status",)
    search_fields = ("=account__number",)


@admin.register(Card)
class CardAdmin(BankAdmin):
    """Cards, by what anybody may see of them."""

    list_display = ("last_four", "brand", "account", "status", "expires_date", "issued_at")
    list_select_related = ("account",)
    list_filter = ("status",)
    search_fields = ("=last_four", "=account__number")
    exclude = ("token",)


@admin.register(TillSession)
class TillSessionAdmin(BankAdmin):
    """Tills from float to count."""

    list_display = (
        "opened_at",
        "account",
        "teller",
        "status",
        "float_minor",
        "expected_minor",
        "counted_minor",
        "explanation",
        "closed_at",
    )
    list_select_related = ("account", "teller")
    list_filter = ("status",)
