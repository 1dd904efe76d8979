"""The roles: which permissions each holds, and putting them into the database."""

from collections.abc import Mapping

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Concat

from access.site import this_bank

ADMINISTRATOR = "Administrator"
SUPERVISOR = "Supervisor"
TELLER = "Teller"
AUDITOR = "Auditor"
API_CLIENT = "API client"
SYSTEM = "System"

_SEE_CUSTOMERS = frozenset({"accounts.view_customer", "accounts.view_account", "accounts.view_card", "accounts.view_hold"})
_SEE_MONEY = frozenset({"accounts.view_posting", "transfers.view_transfer", "transfers.view_transferevent"})
_SEE_COUNTER = frozenset({"accounts.view_tillsession", "transfers.view_receiptprint", "transfers.view_dayclose"})
_SEE_COMPARISONS = frozenset({"transfers.view_reconciliation", "transfers.view_break", "transfers.view_settlementposition"})
_SEE_TRANSPORT = frozenset(
    {
        "messaging.view_message",
        "messaging.view_deadletter",
        "messaging.view_storedoffset",
        "messaging.view_peer",
        "messaging.view_peerkey",
        "messaging.view_directory",
        "messaging.view_ownkey",
        "messaging.view_lease",
        "messaging.view_recovery",
    }
)
_SEE_USERS = frozenset({"access.view_user", "access.view_apiclient", "auth.view_group"})
_SEE_TRAIL = frozenset({"access.view_auditevent", "access.view_approval", "access.view_idempotencykey"}) | {
    "axes.view_accessattempt",
    "axes.view_accesslog",
    "access.export_lists",
}
_SEE_REGISTER = frozenset({"headbank.view_bank", "headbank.view_bankkey", "headbank.view_invitation", "headbank.view_window"})
_SEE_SETTLED = frozenset({"accounts.view_account", "accounts.view_posting"})  # what the head bank keeps for the banks
_SEE_WEBHOOKS = frozenset({"webhooks.view_endpoint", "webhooks.view_delivery"})
_SEE_ALL = (
    _SEE_CUSTOMERS
    | _SEE_MONEY
    | _SEE_COMPARISONS
    | _SEE_TRANSPORT
    | _SEE_USERS
    | _SEE_TRAIL
    | _SEE_COUNTER
    | _SEE_WEBHOOKS
    | {"accounts.view_mandate", "accounts.view_spend", "accounts.view_balancestripe"}
)

BANK_ROLES: Mapping[str, frozenset[str]] = {
    ADMINISTRATOR: _SEE_USERS
    | _SEE_TRAIL
    | _SEE_TRANSPORT
    | _SEE_WEBHOOKS
    | {"access.manage_users", "access.decide_approval", "access.reveal_customers"}
    | {"access.limit_client", "accounts.grant_mandate", "accounts.view_mandate", "webhooks.manage_endpoint"},
    SUPERVISOR: _SEE_ALL
    | {"access.decide_approval"}
    | {"accounts.close_customer", "accounts.freeze_account", "accounts.unfreeze_account", "accounts.close_account"}
    | {"access.limit_client", "accounts.limit_account", "accounts.place_hold", "accounts.issue_card"}
    | {
        "transfers.approve",
        "transfers.cancel",
        "transfers.reverse",
        "transfers.adjust",
        "transfers.run_till",
        "transfers.close_day",
        "transfers.repair_break",
    }
    | {"messaging.decide_dead_letter", "messaging.end_recovery"},
    TELLER: _SEE_CUSTOMERS
    | _SEE_MONEY
    | _SEE_COUNTER
    | {"accounts.open_customer", "accounts.freeze_account", "accounts.close_account", "accounts.place_hold", "accounts.issue_card"}
    | {"transfers.deposit", "transfers.withdraw", "transfers.pay", "transfers.cancel", "transfers.reverse"}
    | {"transfers.run_till"},
    AUDITOR: _SEE_ALL,
    API_CLIENT: frozenset(
        _SEE_CUSTOMERS
        | _SEE_WEBHOOKS
        | {"accounts.view_posting", "accounts.place_hold", "webhooks.manage_endpoint"}
        | {"transfers.pay", "transfers.cancel", "transfers.view_transfer"}
    ),
    SYSTEM: frozenset({"accounts.open_customer", "accounts.place_hold", "transfers.deposit", "transfers.withdraw", "transfers.pay"}),
}
HEAD_BANK_ROLES: Mapping[str, frozenset[str]] = {
    ADMINISTRATOR: BANK_ROLES[ADMINISTRATOR] | _SEE_REGISTER,
    SUPERVISOR: _SEE_REGISTER
    | _SEE_SETTLED
    | _SEE_TRANSPORT
    | _SEE_TRAIL
    | {"access.decide_approval", "headbank.manage_banks", "headbank.publish_directory", "headbank.settle"}
    | {"messaging.decide_dead_letter", "messaging.end_recovery"},
    AUDITOR: _SEE_REGISTER | _SEE_SETTLED | _SEE_TRANSPORT | _SEE_TRAIL | _SEE_USERS,
    SYSTEM: frozenset({"headbank.register_bank", "headbank.publish_directory", "headbank.settle"}),
}
ROLES: Mapping[str, frozenset[str]] = {
    role: BANK_ROLES.get(role, frozenset()) | HEAD_BANK_ROLES.get(role, frozenset()) for role in {**BANK_ROLES, **HEAD_BANK_ROLES}
}


def seed_roles() -> list[str]:
    """Give every role of this site exactly its permissions and return the roles' names; safe to repeat.

    Raises LookupError naming permissions that no app declares.
    """
    roles = HEAD_BANK_ROLES if this_bank().is_head_bank else BANK_ROLES
    named = Permission.objects.annotate(named=Concat("content_type__app_label", Value("."), "codename"))
    permissions = {permission.named: permission for permission in named}
    unknown = frozenset().union(*roles.values()) - permissions.keys()
    if unknown:
        raise LookupError(f"no app declares {', '.join(sorted(unknown))}")
    with transaction.atomic():
        for role, granted in roles.items():
            group, _ = Group.objects.get_or_create(name=role)
            group.permissions.set([permissions[name] for name in granted])
    return list(roles)
