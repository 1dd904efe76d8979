"""What this and other banks do not agree on, and what was settled with them, in the admin."""

import json
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from access.admin import Asked, BankAdmin, coloured, deed, link_to, list_link, one_of
from access.site import this_bank
from accounts.admin.showing import shown_amount
from messaging.selectors import bank_codes
from transfers import permissions, reconciliations, services
from transfers.models import Break, Reconciliation, SettlementPosition, Transfer


@admin.register(Reconciliation)
class ReconciliationAdmin(BankAdmin):
    """Days compared with other banks and what came of it, newest first."""

    list_display = ("day", "peer", "origin_bank", "currency", "state", "our_count", "their_count", "on_their_way", "detail", "asked_at")
    list_filter = ("verdict", one_of("currency", lambda: this_bank().currencies), one_of("peer", bank_codes))
    fields = (
        ("day", "state"),
        ("peer", "origin_bank"),
        ("our_count", "their_count"),
        ("ours", "theirs"),
        ("on_their_way", "detail"),
        ("asked_at", "ended_at"),
        ("until_at", "breaks"),
    )
    readonly_fields = ("state", "ours", "theirs", "breaks")

    def name_of(self, row: Any) -> str:
        """Return which day, with whom, which way."""
        return f"{row.day:%Y-%m-%d}, {row.origin_bank} with {row.peer}, {row.currency}"

    @coloured("verdict")
    def state(self, comparison: Reconciliation) -> str:
        """Show what came of it."""
        return comparison.verdict

    @admin.display(description="credited by our word")
    def ours(self, comparison: Reconciliation) -> SafeString | str:
        """Show how much was credited by this bank's word."""
        return shown_amount(comparison.our_credited_minor, comparison.currency)

    @admin.display(description="credited by their word")
    def theirs(self, comparison: Reconciliation) -> SafeString | str:
        """Show how much was credited by the other bank's word."""
        return shown_amount(comparison.their_credited_minor, comparison.currency)

    @admin.display(description="what differs")
    def breaks(self, comparison: Reconciliation) -> SafeString:
        """Lead to what differs."""
        return list_link(Break, "Show what differs", q=comparison.pk)


@admin.register(Break)
class BreakAdmin(BankAdmin):
    """Transfers this and another bank do not agree on, what each says of them, and what puts them right."""

    list_display = ("found_at", "kind", "origin_id", "origin_bank", "destination_bank", "currency", "explanation", "repaired", "ended_at")
    list_filter = (
        "kind",
        ("ended_at", admin.EmptyFieldListFilter),
        one_of("origin_bank", bank_codes),
        one_of("destination_bank", bank_codes),
    )
    list_select_related = ("repair",)
    search_fields = ("=origin_id", "=reconciliation__id")
    search_help_text = "A transfer's id"
    masks = ("at_origin", "at_destination")
    fields = (
        ("kind", "currency"),
        ("origin_bank", "destination_bank"),
        "origin_id",
        "explanation",
        ("by_origin", "by_destination"),
        ("decided_at", "found_at"),
        ("repaired", "ended_at"),
    )
    readonly_fields = ("explanation", "by_origin", "by_destination", "repaired")
    actions_detail = ("put_right",)

    def name_of(self, row: Any) -> str:
        """Return what differs about which transfer."""
        return f"{row.kind} of {row.origin_id}"

    @admin.display(description="explanation")
    def explanation(self, difference: Break) -> str:
        """Say what it means and who puts it right."""
        return reconciliations.explanation_of(difference)

    @admin.display(description="what its origin says")
    def by_origin(self, difference: Break) -> SafeString:
        """Show what the origin knows of it."""
        return _said(difference.at_origin)

    @admin.display(description="what its destination says")
    def by_destination(self, difference: Break) -> SafeString:
        """Show what the destination knows of it."""
        return _said(difference.at_destination)

    @admin.display(description="repair")
    def repaired(self, difference: Break) -> SafeString | str:
        """Lead to the adjustment that puts it right."""
        return link_to(Transfer, difference.repair_id, difference.repair.status) if difference.repair else "-"

    @deed(
        title="Ask for the repair",
        explains=lambda difference: (
            f"{reconciliations.explanation_of(difference)} A second person is asked. Nothing is booked until then, "
            "and the next comparison of the day says whether it helped."
        ),
        submit="Ask",
        permission=permissions.REPAIR,
        icon="build",
        is_dangerous=True,
        offered=lambda difference: difference.ended_at is None and (difference.repair is None or difference.repair.status == "refused"),
    )
    def put_right(self, asked: Asked, difference: Break) -> str:
        """Ask a second person to put a difference right."""
        services.ask_repair(break_id=difference.pk, reason=asked.reason, by=asked.by, now=asked.now)
        return "A second person was asked; nothing is booked before."


@admin.register(SettlementPosition)
class SettlementPositionAdmin(BankAdmin):
    """What this bank reported to settlements, and what of it was booked."""

    list_display = ("cut_off_at", "peer", "owed", "reported_at", "booked")
    list_filter = (one_of("currency", lambda: this_bank().currencies), one_of("peer", bank_codes))
    list_select_related = ("transfer",)
    fields = ("window", ("cut_off_at", "reported_at"), ("peer", "owed"), "booked")
    readonly_fields = ("owed", "booked")

    def name_of(self, row: Any) -> str:
        """Return when, and with whom."""
        return f"{row.cut_off_at:%Y-%m-%d %H:%M}, {row.peer}, {row.currency}"

    @admin.display(description="owed to it")
    def owed(self, position: SettlementPosition) -> SafeString | str:
        """Show how much this bank owes the other; below zero it is owed."""
        return shown_amount(position.amount_minor, position.currency)

    @admin.display(description="booked by")
    def booked(self, position: SettlementPosition) -> SafeString | str:
        """Lead to the transfer that settled it."""
        return link_to(Transfer, position.transfer_id, "Show the booking") if position.transfer_id else "-"


def _said(known: Any) -> SafeString:
    return format_html('<pre class="content">{}</pre>', json.dumps(known, indent=2, ensure_ascii=False))
