"""What a user of this bank may be allowed to do in access, and the one way to demand a permission."""

from django.contrib.auth.models import AbstractUser

from access.errors import NotAllowed, ReasonMissing

MANAGE_USERS = "access.manage_users"
LIMIT_CLIENT = "access.limit_client"
VIEW_CLIENTS = "access.view_apiclient"
KNOW_CUSTOMERS = "accounts.view_customer"  # whoever lacks it sees names and numbers of customers masked
EXPORT_LISTS = "access.export_lists"
REVEAL_CUSTOMERS = "access.reveal_customers"
DECIDE_APPROVAL = "access.decide_approval"
VIEW_USERS = "access.view_user"
VIEW_APPROVALS = "access.view_approval"
VIEW_AUDIT = "access.view_auditevent"


def require(*, by: AbstractUser, permission: str, reason: str | None = None) -> None:
    """Raise NotAllowed unless the user is active and holds the permission (`app.codename`); ReasonMissing for a reason that says nothing.

    A deed that needs no reason names none.
    """
    if not by.has_perm(permission):
        raise NotAllowed(permission=permission)
    if reason is not None and not reason.strip():
        raise ReasonMissing
