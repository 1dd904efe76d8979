"""Which people may come in, and the roles that say what they may do."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import admin as _  # noqa: F401  # registers the groups, which are not shown
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from access import services
from access.admin.base import BankAdmin
from access.admin.deeds import Asked, ReasonForm, Told, deed
from access.models import User
from access.permissions import MANAGE_USERS

admin.site.unregister(Group)


class RolesForm(ReasonForm):
    """Ask which roles somebody is to have."""

    field_order: tuple[str, ...] = ("roles", "reason")
    roles = forms.MultipleChoiceField(label="Roles", required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = [(role, role) for role in services.staff_roles()]
        if isinstance(self.shown, User):
            self.fields["roles"].initial = [group.name for group in self.shown.groups.all()]


class EmployForm(RolesForm):
    """Ask who is let in."""

    field_order = ("username", "first_name", "last_name", "roles", "reason")
    username = forms.CharField(label="User name", max_length=60, widget=UnfoldAdminTextInputWidget)
    first_name = forms.CharField(label="First name", max_length=150, widget=UnfoldAdminTextInputWidget)
    last_name = forms.CharField(label="Last name", max_length=150, widget=UnfoldAdminTextInputWidget)


def _is_person(user: User) -> bool:
    return user.is_staff and user.has_usable_password()


@admin.register(Group)
class RoleAdmin(BankAdmin):
    """The roles and what each may do, as the bank was opened with."""

    list_display = ("name",)
    ordering = ("name",)
    fields = ("name", "may")
    readonly_fields = ("may",)

    def name_of(self, row: Any) -> str:
        """Return the role's name."""
        return str(row.name)

    @admin.display(description="may")
    def may(self, group: Group) -> str:
        """Say what the role may do."""
        return ", ".join(sorted(permission.name for permission in group.permissions.all()))


@admin.register(User)
class UserAdmin(BankAdmin):
    """Who may sign in."""

    list_display = ("username", "first_name", "last_name", "roles", "is_active", "last_login")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("username", "first_name", "last_name")
    ordering = ("username",)
    fields = ("username", ("first_name", "last_name"), "roles", ("is_active", "is_staff"), ("date_joined", "last_login"))
    readonly_fields = ("roles",)
    never_exported = ("password", "is_superuser")
    actions_list = ("employ",)
    actions_detail = ("ask_for_roles", "sign_out", "reset_password", "disable", "enable")

    def name_of(self, row: Any) -> str:
        """Return the user's name."""
        return str(row.username)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        """Fetch the roles of a page's users at once."""
        users: models.QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return users

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        """Name the user's roles."""
        return ", ".join(sorted(group.name for group in user.groups.all()))

    @deed(
        title="Let somebody in",
        explains="A user is made with a password that is shown once, and that opens one page alone: to choose another. "
        "A second person is asked for the roles.",
        submit="Let in",
        permission=MANAGE_USERS,
        form_class=EmployForm,
        icon="person_add",
    )
    def employ(self, asked: Asked) -> Told:
        """Let a member of staff in."""
        password = services.employ(by=asked.by, now=asked.now, **asked.values)
        return Told(text="The new user", lines=[("User name", asked.values["username"]), ("Password", password)])

    @deed(
        title="Ask for other roles",
        explains=lambda user: f"A second person is asked whether {user.username} has exactly these roles. Nothing changes until then.",
        submit="Ask",
        permission=MANAGE_USERS,
        form_class=RolesForm,
        icon="shield_person",
        offered=_is_person,
    )
    def ask_for_roles(self, asked: Asked, user: User) -> str:
        """Ask a second person to give other roles."""
        services.ask_for_roles(username=user.username, by=asked.by, now=asked.now, **asked.values)
        return "A second person was asked."

    @deed(
        title="Reset the password",
        explains=lambda user: (
            f"{user.username} is signed out everywhere and gets another password, which is shown once. "
            "A second person is asked to give the roles again; nothing opens before."
        ),
        submit="Reset",
        permission=MANAGE_USERS,
        icon="password",
        offered=_is_person,
    )
    def reset_password(self, asked: Asked, user: User) -> Told:
        """Give somebody another password."""
        password = services.reset_password(username=user.username, reason=asked.reason, by=asked.by, now=asked.now)
        return Told(text=f"The new password of {user.username}", lines=[("Password", password)])

    @deed(
        title="Sign out",
        explains=lambda user: f"{user.username} is out at once: every open page and every token. The password stays.",
        permission=MANAGE_USERS,
        icon="logout",
        offered=lambda user: user.is_staff and user.username != services.SYSTEM_USERNAME,
    )
    def sign_out(self, asked: Asked, user: User) -> str:
        """End everything somebody is signed in with."""
        services.sign_out(username=user.username, reason=asked.reason, by=asked.by, now=asked.now)
        return f"{user.username} is signed out everywhere."

    @deed(
        title="Disable",
        explains=lambda user: f"{user.username} is shut out at once. What they did stays under their name.",
        permission=MANAGE_USERS,
        icon="person_off",
        is_dangerous=True,
        offered=lambda user: _is_person(user) and user.is_active,
    )
    def disable(self, asked: Asked, user: User) -> str:
        """Shut somebody out."""
        services.disable_user(username=user.username, reason=asked.reason, by=asked.by, now=asked.now)
        return f"{user.username} cannot sign in any more."

    @deed(
        title="Enable",
        explains=lambda user: f"{user.username} can sign in again, with the roles of before.",
        permission=MANAGE_USERS,
        icon="person_check",
        offered=lambda user: _is_person(user) and not user.is_active,
    )
    def enable(self, asked: Asked, user: User) -> str:
        """Let somebody in again."""
        services.enable_user(username=user.username, reason=asked.reason, by=asked.by, now=asked.now)
        return f"{user.username} can sign in again."
