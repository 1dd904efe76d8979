"""The audit trail with the history of settings in it, and the answers that are given again."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from access.admin.base import BankAdmin
from access.admin.showing import one_of
from access.models import AuditEvent, IdempotencyKey
from access.selectors import staff_names

SETTINGS = (
    "account.limit-set",
    "bank.cap-set",
    "bank.cover-set",
    "client.changed",
    "client.enlisted",
    "client.limited",
    "mandate.granted",
    "mandate.revoked",
    "settings.changed",
    "user.roles-given",
    "webhook.changed",
)


class About(admin.SimpleListFilter):
    """What changed how the bank works, apart from what is done every day."""

    title = "what"
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002  # Django passes them
        """Name the choice."""
        return [("settings", "settings: limits, roles, programs, configuration")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002  # Django passes them
        """Narrow to settings."""
        return queryset.filter(action__in=SETTINGS) if self.value() == "settings" else None


@admin.register(AuditEvent)
class AuditEventAdmin(BankAdmin):
    """What somebody did, newest first."""

    list_display = ("at", "actor", "action", "subject", "changes", "reason", "request_id")
    list_filter = (About, one_of("actor__username", staff_names, title="who"))
    list_select_related = ("actor",)
    search_fields = ("=subject", "=action")
    search_help_text = "What it is about, such as an account's number or user:name, or what was done, such as account.frozen"
    masks = ("subject", "before", "after", "reason")
    fields = (("at", "actor"), ("action", "subject"), "changes", "reason", ("before", "after"), "request_id")
    readonly_fields = ("changes",)

    def name_of(self, row: Any) -> str:
        """Return what was done."""
        return f"{row.action} of {row.subject}"

    @admin.display(description="changes")
    def changes(self, event: AuditEvent) -> SafeString | str:
        """Show each value as it was and as it is."""
        names = [name for name in {**event.before, **event.after} if event.before.get(name) != event.after.get(name)]
        lines = ((name.replace("_", " "), _written(event.before, name), _written(event.after, name)) for name in names)
        return format_html_join("", "<div>{}: {} → {}</div>", lines) if event.before and event.after else "-"


def _written(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return "none" if value is None or value in ([], {}) else str(value)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(BankAdmin):
    """The first answers that are given again."""

    list_display = ("created_at", "principal", "key", "status")
    search_fields = ("=key",)
    search_help_text = "The whole key"
    never_exported = ("body", "fingerprint")
    shortened = ("key", "principal")  # with both, a program could ask for the answer in its owner's name
    fields = ("key", "principal", ("status", "created_at"))  # the answer itself is its asker's alone
