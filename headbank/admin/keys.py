"""The keys that speak for banks, and who was invited to apply."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from access.admin import Asked, BankAdmin, deed, link_to
from headbank import permissions, selectors, services
from headbank.models import Bank, BankKey, Invitation


def _with_it(key: BankKey) -> str:
    """Name the keys that end with this one."""
    keys = selectors.keys_from(key_id=key.key_id)
    return f" With it end those announced under it, by the bank or by whoever had it: {', '.join(keys)}." if keys else ""


@admin.register(BankKey)
class BankKeyAdmin(BankAdmin):
    """The keys that speak for a bank."""

    list_display = ("key_id", "bank_link", "announced_at", "announced_by", "revoked_at")
    list_select_related = ("bank",)
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("=key_id", "=bank__code")
    search_help_text = "The whole id of a key, or the code of a bank"
    ordering = ("bank", "key_id")
    fields = (("key_id", "bank_link"), "public_key", ("announced_at", "announced_by"), "revoked_at")
    readonly_fields = ("bank_link",)
    actions_detail = ("revoke",)

    @admin.display(description="bank")
    def bank_link(self, key: BankKey) -> SafeString:
        """Lead to the bank."""
        return link_to(Bank, key.bank_id, f"{key.bank_id}, {key.bank.name}")

    @deed(
        title="Revoke this key",
        explains=lambda key: (
            f"Nothing that key {key.key_id} signed decides anything new, from the moment a bank has heard of it: within "
            f"seconds. What {key.bank_id} decided before stays. It never counts again.{_with_it(key)} A bank left without a key "
            f"cannot speak until two persons add one that it hands over in person."
        ),
        submit="Revoke for good",
        permission=permissions.MANAGE_BANKS,
        icon="key_off",
        is_dangerous=True,
        offered=lambda key: key.revoked_at is None or bool(selectors.keys_from(key_id=key.key_id)),
    )
    def revoke(self, asked: Asked, key: BankKey) -> str:
        """End a key's word."""
        ended = services.revoke_key(key_id=key.key_id, reason=asked.reason, by=asked.by, now=asked.now)
        with_it = f", and with it {', '.join(ended.with_it)}" if ended.with_it else ""
        return f"The key of {ended.bank} is revoked{with_it}; every bank is told."


@admin.register(Invitation)
class InvitationAdmin(BankAdmin):
    """Who was invited to apply, and whether the bank did."""

    list_display = ("bank", "invited_at", "invited_by", "expires_at", "used_at")
    list_select_related = ("invited_by",)
    search_fields = ("=bank",)
    ordering = ("-invited_at", "digest")
    fields = ("bank", ("invited_at", "invited_by"), ("expires_at", "used_at"))
    never_exported = ("digest",)

    def name_of(self, row: Any) -> str:
        """Return who was invited."""
        return f"{row.bank}, {row.invited_at:%Y-%m-%d %H:%M}"
