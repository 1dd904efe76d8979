"""The conversation with other banks in the admin, and who they are."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from access.admin import BankAdmin, coloured, link_to, one_of
from messaging import selectors
from messaging.models import Directory, Lease, Message, OwnKey, Peer, PeerKey, StoredOffset


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
