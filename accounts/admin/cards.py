"""Cards and holds in the admin."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from access.admin import Asked, BankAdmin, Told, coloured, deed, link_to
from accounts import permissions, services
from accounts.admin.showing import shown_amount
from accounts.models import Account, Card, Hold


@admin.register(Hold)
class HoldAdmin(BankAdmin):
    """Amounts set aside."""

    list_display = ("placed_at", "number", "set_aside", "state", "purpose", "expires_at", "ended_at")
    list_select_related = ("account",)
    list_filter = ("status",)
    search_fields = ("=account__number", "=id")
    search_help_text = "The whole number of an account, or a hold's id"
    fields = ("number", ("set_aside", "captured"), ("state", "purpose"), ("placed_at", "expires_at"), "ended_at")
    readonly_fields = ("number", "set_aside", "state", "captured")
    actions_detail = ("release",)

    @admin.display(description="account")
    def number(self, hold: Hold) -> SafeString:
        """Lead to the account."""
        return link_to(Account, hold.account_id, hold.account.number)

    @admin.display(description="amount")
    def set_aside(self, hold: Hold) -> SafeString | str:
        """Show how much is set aside."""
        return shown_amount(hold.amount_minor, hold.account.currency)

    @admin.display(description="captured")
    def captured(self, hold: Hold) -> SafeString | str:
        """Show how much of it was paid."""
        return shown_amount(hold.captured_minor, hold.account.currency)

    @coloured("status")
    def state(self, hold: Hold) -> str:
        """Show whether it still holds."""
        return hold.status

    @deed(
        title="Release this hold",
        explains=lambda hold: f"What was set aside on {hold.account.number} is available to the customer again at once.",
        submit="Release",
        permission=permissions.PLACE_HOLD,
        icon="lock_open_right",
        offered=lambda hold: hold.status == "placed" and hold.expires_at is not None,
    )
    def release(self, asked: Asked, hold: Hold) -> str:
        """Free what a hold set aside."""
        services.release_hold(hold_id=hold.id, reason=asked.reason, by=asked.by, now=asked.now)
        return "The amount is available again."


@admin.register(Card)
class CardAdmin(BankAdmin):
    """Cards, by what anybody may see of them."""

    list_display = ("last_four", "brand", "number", "state", "expires_date", "issued_at")
    list_select_related = ("account",)
    list_filter = ("status",)
    search_fields = ("=last_four", "=account__number")
    search_help_text = "The last four digits, or the whole number of an account"
    fields = ("number", ("last_four", "brand"), ("state", "expires_date"), "issued_at")
    readonly_fields = ("number", "state")
    never_exported = ("token",)
    actions_detail = ("block", "unblock", "replace")

    def name_of(self, row: Any) -> str:
        """Return what the holder calls the card."""
        return f"{row.brand} ending in {row.last_four}"

    @admin.display(description="account")
    def number(self, card: Card) -> SafeString:
        """Lead to the account."""
        return link_to(Account, card.account_id, card.account.number)

    @coloured("status")
    def state(self, card: Card) -> str:
        """Show whether it can be used."""
        return card.status

    @deed(
        title="Block this card",
        explains=lambda card: f"The card ending in {card.last_four} cannot be used from now on. It can be unblocked.",
        submit="Block",
        permission=permissions.FREEZE_ACCOUNT,
        icon="credit_card_off",
        is_dangerous=True,
        offered=lambda card: card.status == "active",
    )
    def block(self, asked: Asked, card: Card) -> str:
        """Block an active card."""
        services.block_card(card_id=card.id, reason=asked.reason, by=asked.by, now=asked.now)
        return "The card is blocked."

    @deed(
        title="Unblock this card",
        explains=lambda card: f"The card ending in {card.last_four} can be used again at once.",
        submit="Unblock",
        permission=permissions.ISSUE_CARD,
        icon="credit_score",
        offered=lambda card: card.status == "blocked",
    )
    def unblock(self, asked: Asked, card: Card) -> str:
        """Let a blocked card be used again."""
        services.unblock_card(card_id=card.id, reason=asked.reason, by=asked.by, now=asked.now)
        return "The card can be used again."

    @deed(
        title="Replace this card",
        explains=lambda card: f"The card ending in {card.last_four} ends for good and the account gets a new one.",
        submit="Replace",
        permission=permissions.ISSUE_CARD,
        icon="sync_alt",
        offered=lambda card: card.status in {"active", "blocked"},
    )
    def replace(self, asked: Asked, card: Card) -> Told:
        """End a card and issue another."""
        issued = services.replace_card(card_id=card.id, reason=asked.reason, by=asked.by, now=asked.now)
        return Told(text="The new card", lines=[("Card number", issued.full_number)])
