"""The conversation with other banks in the admin, and who they are."""

import json
from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from access.admin import Asked, BankAdmin, coloured, deed, link_to, once, one_of
from access.masking import masked
from access.models import Approval
from messaging import dead_letters, permissions, selectors, services
from messaging.models import DeadLetter, Directory, Lease, Message, OwnKey, Peer, PeerKey, StoredOffset

_MOST_BYTES = 8_192


class Waiting(admin.SimpleListFilter):
    """Messages by what they wait for."""

    title = "waiting for"
    parameter_name = "waiting"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002  # Django passes them
        """Name the ways to wait."""
        return [("publication", "publication"), ("answer", "an answer")]

    def queryset(self, request: Any, queryset: Any) -> Any:  # noqa: ARG002  # Django passes them
        """Narrow to the messages that wait so."""
        unfinished = queryset.filter(finished_at__isnull=True)
        if self.value() == "publication":
            return unfinished.filter(first_published_at__isnull=True)
        return unfinished.filter(is_request=True, first_published_at__isnull=False) if self.value() == "answer" else None


@admin.register(Message)
class MessageAdmin(BankAdmin):
    """What this bank has to say to others, newest first."""

    list_display = ("created_at", "type", "destination", "partition", "open_items", "attempts", "first_published_at", "finished_at")
    list_filter = (Waiting, one_of("destination", selectors.bank_codes))
    search_fields = ("=id",)
    search_help_text = "A message's id"
    fields = (
        "id",
        "type",
        ("destination", "partition"),
        ("created_at", "first_published_at"),
        ("next_at", "finished_at"),
        ("open_items", "attempts"),
    )


@admin.register(StoredOffset)
class StoredOffsetAdmin(BankAdmin):
    """How far the letter box was read."""

    list_display = ("topic", "partition", "next_offset", "rewound_from", "attempts", "cluster_id", "updated_at")
    ordering = ("topic", "partition")


@admin.register(Peer)
class PeerAdmin(BankAdmin):
    """The banks of the directory."""

    list_display = ("code", "name", "state", "topic", "partitions")
    list_filter = ("status",)
    search_fields = ("code", "name")
    ordering = ("code",)
    fields = (("code", "name"), "state", ("topic", "partitions"))
    readonly_fields = ("state",)

    @coloured("status")
    def state(self, peer: Peer) -> str:
        """Show whether the bank takes part."""
        return peer.status


@admin.register(PeerKey)
class PeerKeyAdmin(BankAdmin):
    """The keys of the directory."""

    list_display = ("key_id", "bank", "public_key", "revoked")
    list_select_related = ("peer",)
    list_filter = ("revoked", one_of("peer_id", selectors.bank_codes, title="bank"))
    search_fields = ("=key_id",)
    ordering = ("peer", "key_id")
    fields = (("key_id", "bank"), "revoked", "public_key")
    readonly_fields = ("bank",)

    @admin.display(description="bank")
    def bank(self, key: PeerKey) -> SafeString:
        """Lead to the bank."""
        return link_to(Peer, key.peer_id, key.peer_id)


@admin.register(Directory)
class DirectoryAdmin(BankAdmin):
    """The versions of the directory this bank has seen."""

    list_display = ("version", "key_id", "received_at")
    fields = ("version", "key_id", "received_at")


@admin.register(OwnKey)
class OwnKeyAdmin(BankAdmin):
    """The public halves of this bank's own keys."""

    list_display = ("key_id", "use", "public_key", "created_at", "retired_at")
    list_filter = (one_of("use", lambda: ("messages", "tokens")),)
    ordering = ("-created_at", "key_id")


@admin.register(Lease)
class LeaseAdmin(BankAdmin):
    """Who does what only one does, such as publishing."""

    list_display = ("name", "holder", "until")
    ordering = ("name",)


def _decoded(value: bytes) -> Any:
    """Return what the bytes say as JSON, None where they are none."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _dump(value: bytes) -> str:
    """Return bytes as lines of sixteen, with what of them can be read beside."""
    lines = [value[place : place + 16] for place in range(0, min(len(value), _MOST_BYTES), 16)]
    shown = [f"{line.hex(' '):<47}  {''.join(chr(byte) if 32 <= byte < 127 else '.' for byte in line)}" for line in lines]
    more = [f"... {len(value) - _MOST_BYTES:,} more bytes"] if len(value) > _MOST_BYTES else []
    return "\n".join([*shown, *more])


@admin.register(DeadLetter)
class DeadLetterAdmin(BankAdmin):
    """What could not count, with its reason."""

    list_display = ("last_at", "reason", "detail", "item", "count", "state", "place")
    list_filter = ("status",)
    search_fields = ("=reason",)
    search_help_text = "The reason, such as signature-wrong"
    fields = (("state", "count"), "reason", "detail", "item", "place", ("first_at", "last_at"), "history", "decoded", "raw", "headers")
    readonly_fields = ("state", "place", "decoded", "raw", "history")
    never_exported = ("headers",)
    masks = ("detail",)
    actions_detail = ("redrive", "discard")

    def name_of(self, row: Any) -> str:
        """Return its reason."""
        return f"{row.reason} ({row.pk})"

    def get_object(self, request: Any, object_id: str, from_field: str | None = None) -> Any:
        """Return the letter with its content, decoded and byte for byte; masked and without the bytes where customers are."""
        letter = super().get_object(request, object_id, from_field)
        if letter is not None:
            value = dead_letters.record_of(letter).value
            hides = self.is_masked_for(request)
            content = _decoded(value)
            vars(letter)["decoded"] = masked(content) if hides else content
            vars(letter)["raw"] = "Not shown to who need not know customers." if hides else _dump(value)
        return letter

    @admin.display(description="decoded message")
    def decoded(self, letter: DeadLetter) -> SafeString:
        """Show what the message says."""
        content = vars(letter)["decoded"]
        shown = "This is no JSON; the bytes are all there is." if content is None else json.dumps(content, indent=2, ensure_ascii=False)
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

    @coloured("status")
    def state(self, letter: DeadLetter) -> str:
        """Show what was decided."""
        return letter.status

    @admin.display(description="read from")
    def place(self, letter: DeadLetter) -> str:
        """Show where it was read."""
        return f"{letter.topic}, partition {letter.partition}, offset {letter.offset}"

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
