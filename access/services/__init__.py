"""What changes who may come in: the bank's own beginning, and the programs that act in it."""

from access.services.clients import (
    GIVE_WHOLE_BANK,
    RAISE_LIMITS,
    EnlistedClient,
    change_client,
    enlist_client,
    give_whole_bank,
    limit_client,
    raise_limits,
    renew_secret,
)
from access.services.disclosing import export_list, reveal
from access.services.opening import SYSTEM_USERNAME, open_access
from access.services.people import (
    GIVE_ROLES,
    appoint_administrator,
    ask_for_roles,
    choose_password,
    disable_user,
    employ,
    enable_user,
    give_roles,
    reset_password,
    sign_out,
    staff_roles,
)

__all__ = [
    "GIVE_ROLES",
    "GIVE_WHOLE_BANK",
    "RAISE_LIMITS",
    "SYSTEM_USERNAME",
    "EnlistedClient",
    "appoint_administrator",
    "ask_for_roles",
    "change_client",
    "choose_password",
    "disable_user",
    "employ",
    "enable_user",
    "enlist_client",
    "export_list",
    "give_roles",
    "give_whole_bank",
    "limit_client",
    "open_access",
    "raise_limits",
    "renew_secret",
    "reset_password",
    "reveal",
    "sign_out",
    "staff_roles",
]
