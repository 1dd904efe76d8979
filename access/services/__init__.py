"""What changes who may come in: the bank's own beginning, and the programs that act in it."""

from access.services.clients import EnlistedClient, change_client, enlist_client, limit_client, renew_secret
from access.services.opening import SYSTEM_USERNAME, open_access

__all__ = ["SYSTEM_USERNAME", "EnlistedClient", "change_client", "enlist_client", "limit_client", "open_access", "renew_secret"]
