"""The times in which this bank neither read nor published, and what ends one."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldBooleanSwitchWidget

from access.admin import Asked, BankAdmin, ReasonForm, deed, once
from messaging.models import Recovery
from messaging.permissions import END_RECOVERY
from transfers import services
from transfers.models import PeerList


class EndForm(ReasonForm):
    """Ask whether to wait for the other banks."""

    field_order = ("without_lists", "reason")
    without_lists = forms.BooleanField(
        label="Although banks have not told what became of the transfers",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="What they would have told stays unknown here: money may be on the wrong side until it is put right by hand.",
    )


@admin.register(Recovery)
class RecoveryAdmin(BankAdmin):
    """The times in which this bank neither read nor published."""

    list_display = ("since", "detail", "ended_at")
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    fields = ("detail", ("since", "ended_at"), "lists", "found", "cluster_id", "committed", "approval_id")
    readonly_fields = ("lists", "found")
    actions_detail = ("end",)

    def name_of(self, row: Any) -> str:
        """Return since when."""
        return f"since {row.since:%Y-%m-%d %H:%M}"

    @admin.display(description="lists of the other banks")
    @once
    def lists(self, recovery: Recovery) -> SafeString | str:
        """Show which banks have told what became of the transfers."""
        rows = PeerList.objects.filter(recovery=recovery.pk).order_by("bank").values_list("bank", "completed_at")
        told = [(bank, "complete" if completed else "not complete yet") for bank, completed in rows]
        return format_html_join("", "<div>{}: {}</div>", told) if told else "No bank was asked yet; `gather_lists` asks them."

    @admin.display(description="what they would change here")
    @once
    def found(self, recovery: Recovery) -> SafeString | str:
        """Show what the end of the recovery would book, and what people must look at."""
        if recovery.ended_at is not None:
            return "-"
        standing = services.standing()
        counted = [(f"{number} to {lesson}",) for lesson, number in sorted(standing.lessons.items())]
        return format_html_join("", "<div>{}</div>", [*counted, *((line,) for line in standing.unclear)]) or "nothing so far"

    @deed(
        title="End this recovery",
        explains="What the other banks' lists teach is booked, and the bank reads and publishes again from where its own database says. "
        "The first person asks, a second one grants it; look at what the lists would change before.",
        submit="Ask, or grant what was asked",
        permission=END_RECOVERY,
        form_class=EndForm,
        icon="play_circle",
        is_dangerous=True,
        offered=lambda recovery: recovery.ended_at is None,
    )
    def end(self, asked: Asked, _: Recovery) -> str:
        """Ask for the end of the recovery, or grant it."""
        without = asked.values["without_lists"]
        ended = services.end_recovery(without_lists=without, reason=asked.reason, by=asked.by, now=asked.now)
        return "The recovery is over." if ended else "A second person must do the same."
