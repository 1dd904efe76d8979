"""The journal in the admin: to look at, never to change."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from access.admin import BankAdmin, link_to, one_of
from access.site import this_bank
from accounts.admin.showing import shown_amount
from accounts.models import Account, BalanceStripe, Posting


@admin.register(BalanceStripe)
class BalanceStripeAdmin(BankAdmin):
    """The parts of striped accounts' balances."""

    list_display = ("number", "stripe", "credits", "debits")
    list_display_links = ("stripe",)
    list_select_related = ("account",)
    search_fields = ("=account__number",)
    fields = ("number", "stripe", "credits", "debits")
    readonly_fields = ("number", "credits", "debits")
    links = {"account__id__exact": "an account's page"}

    @admin.display(description="account")
    def number(self, stripe: BalanceStripe) -> SafeString:
        """Lead to the account."""
        return link_to(Account, stripe.account_id, stripe.account.number)

    @admin.display(description="credits")
    def credits(self, stripe: BalanceStripe) -> SafeString | str:
        """Show what came."""
        return shown_amount(stripe.credits_minor, stripe.account.currency)

    @admin.display(description="debits")
    def debits(self, stripe: BalanceStripe) -> SafeString | str:
        """Show what went."""
        return shown_amount(stripe.debits_minor, stripe.account.currency)


@admin.register(Posting)
class PostingAdmin(BankAdmin):
    """The journal, newest first: to look at, never to change."""

    list_display = ("booked_at", "leg", "debit", "credit", "moved", "transfer_id")
    list_select_related = ("debit_account", "credit_account")
    list_filter = (one_of("currency", lambda: this_bank().currencies),)
    search_fields = ("=transfer_id",)
    search_help_text = "A transfer's id, or the whole number of an account"
    fields = (
        "transfer_id",
        ("leg", "booked_at"),
        "moved",
        "debit",
        ("debit_seq", "debit_balance_after"),
        "credit",
        ("credit_seq", "credit_balance_after"),
    )
    readonly_fields = ("debit", "credit", "moved")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Posting], search_term: str) -> tuple[QuerySet[Posting], bool]:
        """Find by account too: by the places on an ordinary account, which are indexed; a striped one is in every second row anyway."""
        account = (
            Account.objects.filter(number=search_term.replace(" ", "").upper()).values("id", "striped").first() if search_term else None
        )
        if account is None:
            found: tuple[QuerySet[Posting], bool] = super().get_search_results(request, queryset, search_term)
            return found
        placed: dict[str, bool] = {} if account["striped"] else {"debit_seq__isnull": False}
        debited = Q(debit_account=account["id"], **placed)
        credited = Q(credit_account=account["id"], **{name.replace("debit", "credit"): value for name, value in placed.items()})
        return queryset.filter(debited | credited), False

    @admin.display(description="debit")
    def debit(self, posting: Posting) -> SafeString:
        """Lead to the account that paid."""
        return link_to(Account, posting.debit_account_id, posting.debit_account.number)

    @admin.display(description="credit")
    def credit(self, posting: Posting) -> SafeString:
        """Lead to the account that received."""
        return link_to(Account, posting.credit_account_id, posting.credit_account.number)

    @admin.display(description="amount")
    def moved(self, posting: Posting) -> SafeString | str:
        """Show how much."""
        return shown_amount(posting.amount_minor, posting.currency)
