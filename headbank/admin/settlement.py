"""Settlement windows in the admin: closed by one person, booked or refused by another."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from access.admin import Asked, BankAdmin, coloured, deed, once
from headbank import permissions, services, settlements
from headbank.models import Window

Status = Window.Status


def _is_proposed(window: Window) -> bool:
    return window.status == Status.PROPOSED


@admin.register(Window)
class WindowAdmin(BankAdmin):
    """The settlement windows, newest first."""

    list_display = ("cut_off_at", "state", "deadline_at", "asked_by", "proposed_at", "ended_at", "report")
    list_filter = ("status",)
    list_select_related = ("asked_by",)
    search_fields = ("=id",)
    search_help_text = "A window's id"
    fields = (("state", "asked_by"), ("cut_off_at", "deadline_at"), ("proposed_at", "ended_at"), "report", "nets")
    readonly_fields = ("state", "report", "nets")
    actions_list = ("close_window",)
    actions_detail = ("book", "refuse")

    def name_of(self, row: Any) -> str:
        """Return when it was cut off."""
        return f"{row.cut_off_at:%Y-%m-%d %H:%M:%S} UTC"

    @coloured("status")
    def state(self, window: Window) -> str:
        """Show how far it is."""
        return window.status

    @admin.display(description="report")
    def report(self, window: Window) -> SafeString:
        """Lead to its report, which is to be had as CSV and PDF there."""
        return format_html('<a href="{}">Pair by pair</a>', reverse("settlement", args=[window.pk]))

    @admin.display(description="what each bank gets or pays")
    @once
    def nets(self, window: Window) -> SafeString:
        """Show the nets, and the banks that did not report."""
        return render_to_string("headbank/admin_nets.html", {"report": settlements.report(window=window.pk)})

    @deed(
        title="Close the window",
        explains="Every bank is asked at once what it owes the others at this moment. When all agree, or their time is over, "
        "the nets are proposed to a second person. One settlement is finished before the next begins.",
        submit="Close",
        permission=permissions.SETTLE,
        icon="door_front",
    )
    def close_window(self, asked: Asked) -> str:
        """End the window of this moment."""
        services.close_window(reason=asked.reason, by=asked.by, now=asked.now)
        return "The window is closed; the banks are asked for their positions."

    @deed(
        title="Book this settlement",
        explains="The nets shown here are booked on the banks' accounts, all together, and each bank is told to book the same. "
        "Who closed the window cannot be the one who books it.",
        submit="Book",
        permission=permissions.SETTLE,
        icon="check_circle",
        is_dangerous=True,
        offered=_is_proposed,
    )
    def book(self, asked: Asked, window: Window) -> str:
        """Book the nets, as the second person."""
        services.approve_settlement(approval_id=_approval(window), by=asked.by, reason=asked.reason, now=asked.now)
        return "Booked here; every bank is told and confirms."

    @deed(
        title="Refuse this settlement",
        explains="Nothing is booked. What the banks owe each other stays for the next window.",
        submit="Refuse",
        permission=permissions.SETTLE,
        icon="cancel",
        offered=_is_proposed,
    )
    def refuse(self, asked: Asked, window: Window) -> str:
        """Book nothing, as the second person."""
        services.refuse_settlement(approval_id=_approval(window), by=asked.by, reason=asked.reason, now=asked.now)
        return "Nothing was booked."


def _approval(window: Window) -> UUID:
    return settlements.approval_of(window=window.pk)
