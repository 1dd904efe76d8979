"""The admin of a bank: what every list derives from, and the lists of access."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from access.errors import DomainError
from access.models import Approval, AuditEvent, IdempotencyKey, User


class BankAdmin(ModelAdmin):  # type: ignore[misc]  # Unfold ships no types
    """A read-only list: nothing is added, changed or deleted here; what may be done is an action that calls a service with `run`.

    Counts nothing, so that a journal of any length opens at once.
    """

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50
    ordering: Sequence[str] = ("-pk",)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  # Django passes them
        """Refuse: rows come from services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002  # Django passes them
        """Refuse: changes are actions with a dialog and a reason."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002  # Django passes them
        """Refuse: nothing is ever deleted."""
        return False

    def run(self, request: HttpRequest, service: Callable[..., object], **arguments: Any) -> bool:
        """Call the service and say how it went; return whether it was done. A refusal is shown as a message, with its advice."""
        try:
            service(**arguments)
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return False
        self.message_user(request, "Done.", messages.SUCCESS)
        return True


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(BankAdmin):
    """The roles and their permissions, as the bank was opened with."""

    list_display = ("name",)
    ordering = ("name",)


@admin.register(User)
class UserAdmin(BankAdmin):
    """Who may sign in."""

    list_display = ("username", "first_name", "last_name", "roles", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "first_name", "last_name")
    ordering = ("username",)
    exclude = ("password", "user_permissions", "is_superuser")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        """Fetch the roles of a page's users at once."""
        users: models.QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return users

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        """Name the user's roles."""
        return ", ".join(sorted(group.name for group in user.groups.all()))


@admin.register(Approval)
class ApprovalAdmin(BankAdmin):
    """Questions to a second person and what became of them."""

    list_display = ("asked_at", "action", "subject", "reason", "asked_by", "status", "decided_by", "decided_at")
    list_filter = ("status", "action")
    list_select_related = ("asked_by", "decided_by")
    search_fields = ("subject",)


@admin.register(AuditEvent)
class AuditEventAdmin(BankAdmin):
    """What somebody did, newest first."""

    list_display = ("at", "actor", "action", "subject", "reason", "request_id")
    list_select_related = ("actor",)
    search_fields = ("=subject",)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(BankAdmin):
    """The first answers that are given again."""

    list_display = ("created_at", "principal", "key", "status")
    search_fields = ("=key",)
