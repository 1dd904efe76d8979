"""Transfers and their story in the admin, and what may be asked about them."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from access.admin import Asked, BankAdmin, ReasonForm, Since, coloured, deed, link_to, list_link, one_of
from access.errors import DomainError
from access.site import this_bank
from accounts.admin.asking import CurrencyField, amount_field, read_amounts
from accounts.admin.showing import shown_amount
from accounts.models import Posting
from accounts.money import Money
from messaging.selectors import all_peers, bank_codes
from transfers import permissions, selectors, services
from transfers.models import STATES, DayClose, ReceiptPrint, Transfer, TransferEvent
from transfers.orders import Adjustment, Order, Reversal
from transfers.services.draft import REVERSIBLE


class Overdue(admin.SimpleListFilter):
    """Transfers that should have been decided by now."""

    title = "overdue"
    parameter_name = "overdue"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002  # Django passes them
        """Name the choice."""
        return [("yes", "pending for ten minutes or more")]

    def queryset(self, request: Any, queryset: Any) -> Any:  # noqa: ARG002  # Django passes them
        """Narrow to what is overdue."""
        return queryset.filter(selectors.overdue(now=timezone.now())) if self.value() == "yes" else None


class AdjustmentForm(ReasonForm):
    """Ask which accounts, and how much."""

    field_order = ("debit", "credit", "amount", "currency", "reason")
    debit = forms.CharField(label="Debit", max_length=34, widget=UnfoldAdminTextInputWidget, help_text="The account that pays.")
    credit = forms.CharField(label="Credit", max_length=34, widget=UnfoldAdminTextInputWidget, help_text="The account that receives.")
    amount = amount_field("Amount")
    currency = CurrencyField()

    def clean(self) -> dict[str, Any]:
        """Read the amount in its currency."""
        return read_amounts(self, super().clean(), "amount")


class ClosedBankForm(ReasonForm):
    """Ask which closed bank is meant."""

    field_order = ("bank", "reason")
    bank = forms.ChoiceField(label="Closed bank", widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["bank"].choices = [(peer.code, f"{peer.code}, {peer.name}") for peer in all_peers() if peer.status == "closed"]


@admin.register(Transfer)
class TransferAdmin(BankAdmin):
    """Every order and what became of it, newest first."""

    list_display = ("created_at", "kind", "state", "moved", "debtor_number", "creditor_number", "reason", "reference")
    list_filter = (
        Since,
        "kind",
        "status",
        Overdue,
        one_of("currency", lambda: this_bank().currencies),
        one_of("destination_bank", bank_codes),
        one_of("origin_bank", bank_codes),
    )
    search_fields = ("=id", "=debtor_number", "=creditor_number", "=end_to_end_id")
    search_help_text = "An id, the whole number of an account, or an end-to-end id"
    list_select_related = ("asked_by",)
    links = {"status__in": "the first page's numbers"}
    fields = (
        ("kind", "state"),
        ("moved", "fee"),
        ("debtor_name", "debtor_number"),
        ("creditor_name", "creditor_number"),
        ("reference", "reason"),
        ("end_to_end_id", "entered_by"),
        ("origin_bank", "destination_bank"),
        "origin_id",
        ("created_at", "sent_at"),
        ("decided_at", "settled_at"),
        ("expires_at", "cancel_asked_at"),
        ("story", "postings"),
        "undoes",
    )
    readonly_fields = ("state", "moved", "fee", "entered_by", "story", "postings", "undoes")
    actions_list = ("adjust", "refund")
    actions_detail = ("cancel", "reverse")

    def also_found(self, text: str) -> Sequence[Q]:
        """Find by the id another bank gave, too: the index of these begins with the bank."""
        with suppress(ValueError):
            return [Q(origin_bank__in=bank_codes(), origin_id=UUID(text))]
        return ()

    @coloured("status")
    def state(self, transfer: Transfer) -> str:
        """Show what became of it."""
        return transfer.status

    @admin.display(description="amount")
    def moved(self, transfer: Transfer) -> SafeString | str:
        """Show how much."""
        return shown_amount(transfer.amount_minor, transfer.currency)

    @admin.display(description="fee")
    def fee(self, transfer: Transfer) -> SafeString | str:
        """Show what it cost."""
        return shown_amount(transfer.fee_minor, transfer.currency)

    @admin.display(description="entered by")
    def entered_by(self, transfer: Transfer) -> str:
        """Name who gave the order; another bank gave what came in."""
        return transfer.asked_by.get_username() if transfer.asked_by else transfer.origin_bank

    @admin.display(description="story")
    def story(self, transfer: Transfer) -> SafeString:
        """Lead to its events."""
        return list_link(TransferEvent, "Show the story", q=transfer.pk)

    @admin.display(description="journal")
    def postings(self, transfer: Transfer) -> SafeString:
        """Lead to its postings."""
        return list_link(Posting, "Show the postings", q=transfer.pk)

    @admin.display(description="reverses")
    def undoes(self, transfer: Transfer) -> SafeString | str:
        """Lead to what it takes back."""
        return link_to(Transfer, transfer.reverses_id, "Show what it takes back") if transfer.reverses_id else "-"

    @deed(
        title="Ask to cancel",
        explains=lambda transfer: (
            f"Bank {transfer.destination_bank} is asked to cancel. Only its answer decides: the money comes back, "
            "or the transfer is completed because it was credited already."
        ),
        submit="Ask the bank",
        permission=permissions.CANCEL,
        icon="undo",
        offered=lambda transfer: transfer.kind == "outgoing" and transfer.status == "pending" and transfer.cancel_asked_at is None,
    )
    def cancel(self, asked: Asked, transfer: Transfer) -> str:
        """Ask the destination to cancel."""
        services.cancel_transfer(transfer_id=transfer.id, reason=asked.reason, by=asked.by, now=asked.now)
        return f"Bank {transfer.destination_bank} was asked; its answer will show here."

    @deed(
        title="Ask to reverse",
        explains="A second person is asked whether the whole amount goes back to where it came from. Nothing moves until then.",
        submit="Ask",
        permission=permissions.REVERSE,
        icon="settings_backup_restore",
        is_dangerous=True,
        offered=lambda transfer: transfer.kind in REVERSIBLE and transfer.status == "completed",
    )
    def reverse(self, asked: Asked, transfer: Transfer) -> str:
        """Ask a second person to take a transfer back."""
        _submit(Reversal(transfer_id=transfer.id, reason=asked.reason), asked)
        return "A second person was asked."

    @deed(
        title="Adjust",
        explains="A second person is asked whether this amount moves between two accounts, at least one of which is the bank's own. "
        "For money in suspense, and repairs; a till is put right by counting it.",
        submit="Ask",
        permission=permissions.ADJUST,
        form_class=AdjustmentForm,
        icon="balance",
    )
    def adjust(self, asked: Asked) -> str:
        """Ask a second person for an adjustment."""
        numbers = {side: asked.values[side].replace(" ", "").upper() for side in ("debit", "credit")}
        _submit(Adjustment(**numbers, amount=Money(asked.values["amount_minor"], asked.values["currency"]), reason=asked.reason), asked)
        return "A second person was asked."

    @deed(
        title="Refund a closed bank",
        explains="A bank that was closed for good can never answer. A second person is asked whether everything that is pending to it "
        "goes back to our customers, with its fees. Nothing moves until then.",
        submit="Ask",
        permission=permissions.APPROVE,
        form_class=ClosedBankForm,
        icon="undo",
        is_dangerous=True,
    )
    def refund(self, asked: Asked) -> str:
        """Ask a second person to give back what a closed bank will never decide."""
        services.ask_refund_of_closed_bank(bank=asked.values["bank"], reason=asked.reason, by=asked.by, now=asked.now)
        return "A second person was asked."


@admin.register(TransferEvent)
class TransferEventAdmin(BankAdmin):
    """The story of transfers, newest first."""

    list_display = ("at", "transfer_link", "type", "reason")
    list_filter = (one_of("type", lambda: sorted({status for statuses in STATES.values() for status in statuses})),)
    search_fields = ("=transfer__id",)
    search_help_text = "A transfer's id"
    fields = (("at", "type", "reason"), "transfer_link")
    readonly_fields = ("transfer_link",)

    @admin.display(description="transfer")
    def transfer_link(self, event: TransferEvent) -> SafeString:
        """Lead to the transfer."""
        return link_to(Transfer, event.transfer_id, event.transfer_id)


@admin.register(ReceiptPrint)
class ReceiptPrintAdmin(BankAdmin):
    """Every printing of a receipt."""

    list_display = ("printed_at", "of", "number", "printed_by")
    list_select_related = ("printed_by",)
    search_fields = ("=transfer__id",)
    search_help_text = "A transfer's id"
    fields = ("of", ("number", "printed_at"), "printed_by")
    readonly_fields = ("of",)

    @admin.display(description="transfer")
    def of(self, receipt: ReceiptPrint) -> SafeString:
        """Lead to the transfer."""
        return link_to(Transfer, receipt.transfer_id, receipt.transfer_id)


@admin.register(DayClose)
class DayCloseAdmin(BankAdmin):
    """The days that are over."""

    list_display = ("day", "closed_by", "closed_at")
    list_select_related = ("closed_by",)


def _submit(order: Order, asked: Asked) -> None:
    """Give one order; raise its refusal."""
    [outcome] = services.submit(orders=[order], by=asked.by, now=asked.now)
    if isinstance(outcome, DomainError):
        raise outcome
