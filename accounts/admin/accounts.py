"""Accounts in the admin: frozen, unfrozen by two persons, limited, closed."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from access.admin import Asked, BankAdmin, ReasonForm, coloured, deed, link_to, list_link, one_of
from access.site import this_bank
from accounts import permissions, services
from accounts.admin.asking import amount_field, minor_of
from accounts.admin.showing import shown_amount
from accounts.models import Account, BalanceStripe, Card, Customer, Hold, Posting
from accounts.services.standing import WITH_LIMIT


class LimitForm(ReasonForm):
    """Ask for a credit limit in the account's currency."""

    field_order = ("limit", "reason")
    limit = amount_field("Credit limit", help_text="How far below zero the balance may go, such as 1500.00; 0 for not at all.")

    def clean_limit(self) -> int:
        """Return the limit in minor units."""
        return minor_of(self.cleaned_data["limit"], self.shown.currency)  # type: ignore[union-attr]  # a limit is asked for an account


@admin.register(Account)
class AccountAdmin(BankAdmin):
    """All accounts, the bank's own included."""

    list_display = ("number", "holder_name", "kind", "state", "balance", "held", "limit")
    list_filter = ("kind", "status", one_of("currency", lambda: this_bank().currencies))
    list_select_related = ("customer",)
    links = {"customer__id__exact": "a customer's page"}
    search_fields = ("=number", "holder_name")
    search_help_text = "The whole number, or a part of the holder's name"
    fields = (
        "number",
        "holder",
        ("kind", "state"),
        ("balance", "held"),
        ("limit", "currency"),
        ("opened_at", "closed_at"),
        ("postings", "holds"),
        "cards",
    )
    readonly_fields = ("state", "holder", "balance", "held", "limit", "postings", "holds", "cards")
    actions_detail = ("freeze", "ask_unfreeze", "set_limit", "close")

    def name_of(self, row: Any) -> str:
        """Return the account's number."""
        return str(row.number)

    @coloured("status")
    def state(self, account: Account) -> str:
        """Show whether money may leave."""
        return account.status

    @admin.display(description="holder")
    def holder(self, account: Account) -> SafeString | str:
        """Lead to the customer."""
        return link_to(Customer, account.customer_id, account.holder_name) if account.customer_id else account.holder_name

    @admin.display(description="balance")
    def balance(self, account: Account) -> SafeString | str:
        """Show the balance; a striped account's is in its stripes."""
        if account.striped:
            return list_link(BalanceStripe, "in stripes", account__id__exact=account.pk)
        return shown_amount(account.balance_minor, account.currency)

    @admin.display(description="held")
    def held(self, account: Account) -> SafeString | str:
        """Show what is set aside."""
        return shown_amount(account.held_minor, account.currency)

    @admin.display(description="credit limit")
    def limit(self, account: Account) -> SafeString | str:
        """Show how far below zero the account may go."""
        return shown_amount(None if account.floor_minor is None else -account.floor_minor, account.currency)

    @admin.display(description="journal")
    def postings(self, account: Account) -> SafeString:
        """Lead to the account's postings."""
        return list_link(Posting, "Show the postings", q=account.number)

    @admin.display(description="holds")
    def holds(self, account: Account) -> SafeString:
        """Lead to the account's holds."""
        return list_link(Hold, "Show the holds", q=account.number)

    @admin.display(description="cards")
    def cards(self, account: Account) -> SafeString:
        """Lead to the account's cards."""
        return list_link(Card, "Show the cards", q=account.number)

    @deed(
        title="Freeze this account",
        explains=lambda account: f"From now on nothing leaves {account.number} of {account.holder_name}; money may still arrive.",
        submit="Freeze",
        permission=permissions.FREEZE_ACCOUNT,
        icon="ac_unit",
        is_dangerous=True,
        offered=lambda account: account.customer_id and account.status == "open",
    )
    def freeze(self, asked: Asked, account: Account) -> str:
        """Let nothing leave the account."""
        services.freeze_account(number=account.number, reason=asked.reason, by=asked.by, now=asked.now)
        return f"Nothing leaves {account.number} any more."

    @deed(
        title="Ask to unfreeze this account",
        explains=lambda account: f"A second person is asked whether money may leave {account.number} again. Nothing changes until then.",
        submit="Ask",
        permission=permissions.UNFREEZE_ACCOUNT,
        icon="lock_open",
        offered=lambda account: account.status == "frozen",
    )
    def ask_unfreeze(self, asked: Asked, account: Account) -> str:
        """Ask a second person to let money leave again."""
        services.ask_unfreeze(number=account.number, reason=asked.reason, by=asked.by, now=asked.now)
        return "A second person was asked."

    @deed(
        title="Set the credit limit",
        explains=lambda account: f"A lower limit for {account.number} counts at once; a higher one waits for a second person.",
        submit="Set",
        permission=permissions.LIMIT_ACCOUNT,
        form_class=LimitForm,
        icon="speed",
        offered=lambda account: account.kind in WITH_LIMIT and account.status != "closed",
    )
    def set_limit(self, asked: Asked, account: Account) -> str:
        """Lower the limit, or ask a second person to raise it."""
        limit = asked.values["limit"]
        approval = services.set_credit_limit(number=account.number, limit_minor=limit, reason=asked.reason, by=asked.by, now=asked.now)
        return "A second person was asked." if approval else "The limit was lowered."

    @deed(
        title="Close this account",
        explains=lambda account: f"Nothing moves on {account.number} any more, for good, and its cards are blocked. It must be empty.",
        submit="Close for good",
        permission=permissions.CLOSE_ACCOUNT,
        icon="block",
        is_dangerous=True,
        offered=lambda account: account.customer_id and account.status == "open",
    )
    def close(self, asked: Asked, account: Account) -> str:
        """Close an empty account."""
        services.close_account(number=account.number, reason=asked.reason, by=asked.by, now=asked.now)
        return f"{account.number} is closed."
