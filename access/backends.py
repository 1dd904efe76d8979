"""What a user may do: the permissions of their roles, narrowed to the scopes of a program."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission

from access.models import User


class RoleBackend(ModelBackend):
    """Check passwords as Django does, and answer for permissions with one query per user object."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return every permission (`app.codename`) the user holds; none about single objects, those are for the owning app to judge."""
        if obj is not None or not user_obj.is_active or user_obj.is_anonymous:
            return set()
        known: set[str] | None = vars(user_obj).get("_permissions")
        if known is None:
            known = vars(user_obj)["_permissions"] = _granted(user_obj)
        return known


def _granted(user: User) -> set[str]:
    """Read the permissions of the user and of its roles; a program keeps those in its scopes."""
    columns = ("content_type__app_label", "codename")
    own = Permission.objects.filter(user=user).order_by().values_list(*columns)
    by_role = Permission.objects.filter(group__user=user).order_by().values_list(*columns)
    granted = {f"{app}.{codename}" for app, codename in own.union(by_role)}
    client = getattr(user, "client", None)
    return granted if client is None or client.scopes is None else granted & set(client.scopes)
