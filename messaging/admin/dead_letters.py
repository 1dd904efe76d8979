"""What could not count, in the admin."""

import json
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from unfold.widgets import UnfoldAdminSelectWidget

from access.admin import Asked, BankAdmin, ReasonForm, coloured, deed, once
from access.masking import masked
from access.models import Approval
from messaging import dead_letters, permissions, selectors, services
from messaging.models import DeadLetter

_MOST_BYTES = 8_192  # shown one by one
_MOST_READ = 65_536  # of a value, to be shown as JSON


def _decoded(value: bytes) -> Any:
    """Return what the bytes say as JSON, None where they are none."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _dump(value: bytes, size: int) -> str:
    """Return the beginning of a value as lines of sixteen bytes, with what of them can be read beside."""
    lines = [value[place : place + 16] for place in range(0, min(len(value), _MOST_BYTES), 16)]
    shown = [f"{line.hex(' '):<47}  {''.join(chr(byte) if 32 <= byte < 127 else '.' for byte in line)}" for line in lines]
    more = [f"... {size - _MOST_BYTES:,} more bytes"] if size > _MOST_BYTES else []
    return "\n".join([*shown, *more])


class Signed(admin.SimpleListFilter):
    """Dead letters that a bank signed, and those that anybody can write."""

    title = "signature"
    parameter_name = "signed"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002  # Django passes them
        """Name both."""
        return [("yes", "signed by a bank"), ("no", "unsigned")]

    def queryset(self, request: Any, queryset: Any) -> Any:  # noqa: ARG002  # Django passes them
        """Narrow to one of them."""
        if self.value() == "yes":
            return queryset.exclude(sender="")
        return queryset.filter(sender="") if self.value() == "no" else None


class GroupForm(ReasonForm):
    """Ask which dead letters, by reason and sender."""

    field_order = ("group", "reason")
    group = forms.ChoiceField(label="Dead letters", widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = selectors.dead_letter_groups()
        choice = cast(forms.ChoiceField, self.fields["group"])
        choice.choices = [
            (f"{each.reason} {each.sender}", f"{each.count} {each.reason}, signed by {each.sender or 'nobody'}") for each in groups
        ]


@admin.register(DeadLetter)
class DeadLetterAdmin(BankAdmin):
    """What could not count, with its reason."""

    list_display = ("last_at", "reason", "signed_by", "detail", "item", "count", "state", "place")
    list_filter = ("status", Signed)
    search_fields = ("=reason",)
    search_help_text = "The reason, such as signature-wrong"
    fields = (
        ("state", "count"),
        ("reason", "signed_by"),
        "detail",
        "item",
        "place",
        ("first_at", "last_at"),
        "history",
        "decoded",
        "raw",
        "headers",
    )
    readonly_fields = ("state", "place", "signed_by", "decoded", "raw", "history")
    never_exported = ("headers", "value")
    masks = ("detail",)
    actions_list = ("discard_group",)
    actions_detail = ("redrive", "discard")

    def get_queryset(self, request: Any) -> Any:
        """Leave out the values: a list of a hundred would bring a hundred megabytes."""
        return super().get_queryset(request).defer("value")

    def name_of(self, row: Any) -> str:
        """Return its reason."""
        return f"{row.reason} ({row.pk})"

    def get_object(self, request: Any, object_id: str, from_field: str | None = None) -> Any:
        """Return the letter with its content, decoded and byte for byte; masked and without the bytes where customers are."""
        letter = super().get_object(request, object_id, from_field)
        if letter is not None:
            value, size = dead_letters.beginning_of(letter, length=_MOST_READ)
            hides = self.is_masked_for(request)
            content = _decoded(value) if size <= _MOST_READ else None
            vars(letter)["decoded"] = masked(content) if hides else content
            vars(letter)["raw"] = "Not shown to who need not know customers." if hides else _dump(value, size)
        return letter

    @admin.display(description="decoded message")
    def decoded(self, letter: DeadLetter) -> SafeString:
        """Show what the message says."""
        content = vars(letter)["decoded"]
        shown = (
            "This is no JSON, or too large to be shown; below are its first bytes."
            if content is None
            else json.dumps(content, indent=2, ensure_ascii=False)
        )
        return format_html('<pre class="content">{}</pre>', shown)

    @admin.display(description="raw bytes")
    def raw(self, letter: DeadLetter) -> SafeString:
        """Show the bytes as they came."""
        return format_html('<pre class="content">{}</pre>', vars(letter)["raw"])

    @admin.display(description="history")
    @once
    def history(self, letter: DeadLetter) -> SafeString:
        """Tell who asked and decided what, and why."""
        asked = Approval.objects.filter(subject=f"dead-letter:{letter.pk}").select_related("asked_by", "decided_by").order_by("id")
        lines = [
            f"{each.action}: asked by {each.asked_by} ({each.reason}); {each.status}"
            + (f" by {each.decided_by} ({each.decision_reason})" if each.decided_by else "")
            for each in asked
        ]
        return format_html_join(
            mark_safe("<br>"), "{}", ((line,) for line in lines or ["Nobody has asked for anything yet."])
        )  # a constant

    @admin.display(description="signed by")
    def signed_by(self, letter: DeadLetter) -> str:
        """Show the bank whose signature was verified."""
        return letter.sender or "nobody"

    @coloured("status")
    def state(self, letter: DeadLetter) -> str:
        """Show what was decided."""
        return letter.status

    @admin.display(description="read from")
    def place(self, letter: DeadLetter) -> str:
        """Show where it was read."""
        return f"{letter.topic}, partition {letter.partition}, offset {letter.offset}"

    @deed(
        title="Discard a group",
        explains="All open dead letters of one reason and sender are discarded. Those that no bank signed go at once; "
        "for those that a bank signed, the first person asks and a second one grants it.",
        permission=permissions.DECIDE_DEAD_LETTER,
        form_class=GroupForm,
        icon="delete_sweep",
        is_dangerous=True,
    )
    def discard_group(self, asked: Asked) -> str:
        """Discard the dead letters of one reason and sender, or ask for it."""
        group, _, sender = asked.values["group"].partition(" ")
        done = services.discard_dead_letters(group=group, sender=sender, by=asked.by, reason=asked.reason, now=asked.now)
        return "A second person must do the same." if done is None else f"{done} discarded."

    @deed(
        title="Try again",
        explains="The consumer reads this message once more, through every check, as if it had just come: what was decided before stays "
        "decided, so nothing can be credited twice. The first person asks, a second one grants it.",
        submit="Ask, or grant what was asked",
        permission=permissions.DECIDE_DEAD_LETTER,
        icon="replay",
        offered=lambda letter: letter.status == "open",
    )
    def redrive(self, asked: Asked, letter: DeadLetter) -> str:
        """Ask that a letter is tried again, or grant it."""
        granted = services.redrive_dead_letter(letter_id=letter.pk, by=asked.by, reason=asked.reason, now=asked.now)
        return "The consumer tries it again at its next turn." if granted else "A second person must do the same."

    @deed(
        title="Discard",
        explains="Nobody looks at this message again, also when it comes once more. It stays in the list. "
        "The first person asks, a second one grants it.",
        submit="Ask, or grant what was asked",
        permission=permissions.DECIDE_DEAD_LETTER,
        icon="delete_sweep",
        is_dangerous=True,
        offered=lambda letter: letter.status == "open",
    )
    def discard(self, asked: Asked, letter: DeadLetter) -> str:
        """Ask that a letter is never looked at again, or grant it."""
        granted = services.discard_dead_letter(letter_id=letter.pk, by=asked.by, reason=asked.reason, now=asked.now)
        return "The message is discarded." if granted else "A second person must do the same."
