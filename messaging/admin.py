"""Read-only lists of the conversation with other banks."""

from django.contrib import admin

from access.admin import BankAdmin
from messaging.models import DeadLetter, Directory, Lease, Message, OwnKey, Peer, PeerKey, Recovery, StoredOffset


@admin.register(Message)
class MessageAdmin(BankAdmin):
    """What this bank has to say to others, newest first."""

    list_display = ("created_at", "type", "destination", "partition", "open_items", "attempts", "first_published_at", "finished_at")
    list_filter = ("type", "destination")
    search_fields = ("=id",)
    exclude = ("value",)


@admin.register(DeadLetter)
class DeadLetterAdmin(BankAdmin):
    """What could not count, with its reason."""

    list_display = ("last_at", "reason", "detail", "item", "count", "status", "topic", "partition", "offset")
    list_filter = ("status", "reason")
    exclude = ("value", "digest")


@admin.register(StoredOffset)
class StoredOffsetAdmin(BankAdmin):
    """How far the letter box was read."""

    list_display = ("topic", "partition", "next_offset", "rewound_from", "attempts", "cluster_id", "updated_at")
    ordering = ("topic", "partition")


@admin.register(Peer)
class PeerAdmin(BankAdmin):
    """The banks of the directory."""

    list_display = ("code", "name", "status", "topic", "partitions")
    list_filter = ("status",)
    ordering = ("code",)


@admin.register(PeerKey)
class PeerKeyAdmin(BankAdmin):
    """The keys of the directory."""

    list_display = ("key_id", "peer", "revoked")
    list_select_related = ("peer",)


@admin.register(Directory)
class DirectoryAdmin(BankAdmin):
    """The versions of the directory this bank has seen."""

    list_display = ("version", "key_id", "received_at")
    exclude = ("value", "signature")


@admin.register(OwnKey)
class OwnKeyAdmin(BankAdmin):
    """The public halves of this bank's own keys."""

    list_display = ("key_id", "use", "public_key", "created_at", "retired_at")


@admin.register(Lease)
class LeaseAdmin(BankAdmin):
    """Who publishes."""

    list_display = ("name", "holder", "until")


@admin.register(Recovery)
class RecoveryAdmin(BankAdmin):
    """The times in which this bank neither read nor published."""

    list_display = ("since", "detail", "ended_at")
