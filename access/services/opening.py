"""Opening access: the roles, and the user in whose name the bank itself acts."""

from django.contrib.auth.models import Group
from django.db import transaction

from access.models import User
from access.roles import SYSTEM, seed_roles

SYSTEM_USERNAME = "system"


def open_access() -> User:
    """Seed the roles and return the user `system`, who has no password and never approves; safe to repeat."""
    with transaction.atomic():
        seed_roles()
        named = {"first_name": "The bank itself", "is_staff": True}  # it acts for every customer
        system, created = User.objects.update_or_create(username=SYSTEM_USERNAME, defaults=named)
        if created:
            system.set_unusable_password()
            User.objects.filter(pk=system.pk).update(password=system.password)
        system.groups.set([Group.objects.get(name=SYSTEM)])
    return system
