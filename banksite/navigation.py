"""The admin: its colours, and its side bar with every list the user may see, grouped by what it is about."""

from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse

ACCENT = {  # of the bank's own pages, light to dark
    "50": "#effaf6",
    "100": "#d8f2e8",
    "200": "#b3e4d3",
    "300": "#82cfb8",
    "400": "#4db398",
    "500": "#2a967b",
    "600": "#0f5c4d",
    "700": "#0c4f42",
    "800": "#0a4439",
    "900": "#083a31",
    "950": "#04211c",
}
_GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Customers",
        (
            ("accounts.Customer", "person"),
            ("accounts.Account", "account_balance_wallet"),
            ("accounts.Card", "credit_card"),
            ("accounts.Hold", "front_hand"),
            ("accounts.Mandate", "handshake"),
        ),
    ),
    (
        "Money",
        (
            ("transfers.Transfer", "swap_horiz"),
            ("transfers.TransferEvent", "timeline"),
            ("accounts.Posting", "receipt_long"),
            ("accounts.BalanceStripe", "view_column"),
            ("accounts.TillSession", "point_of_sale"),
            ("transfers.ReceiptPrint", "print"),
            ("transfers.DayClose", "event_available"),
            ("transfers.Reconciliation", "difference"),
            ("transfers.Break", "report"),
            ("transfers.SettlementPosition", "balance"),
        ),
    ),
    (
        "Register of banks",
        (
            ("headbank.Bank", "account_balance"),
            ("headbank.BankKey", "vpn_key"),
            ("headbank.Window", "handshake"),
            ("headbank.Invitation", "mail"),
        ),
    ),
    (
        "Messages",
        (
            ("messaging.Message", "outbox"),
            ("messaging.DeadLetter", "unsubscribe"),
            ("messaging.StoredOffset", "bookmark"),
            ("messaging.Lease", "lock_clock"),
            ("messaging.Recovery", "healing"),
        ),
    ),
    ("Webhooks", (("webhooks.Endpoint", "webhook"), ("webhooks.Delivery", "send"))),
    (
        "Trust",
        (
            ("messaging.Peer", "lan"),
            ("messaging.PeerKey", "key"),
            ("messaging.Directory", "menu_book"),
            ("messaging.OwnKey", "badge"),
        ),
    ),
    (
        "Control",
        (
            ("access.Approval", "fact_check"),
            ("access.AuditEvent", "history"),
            ("access.IdempotencyKey", "repeat_one"),
            ("access.User", "group"),
            ("access.ApiClient", "smart_toy"),
            ("auth.Group", "shield_person"),
            ("axes.AccessAttempt", "gpp_maybe"),
            ("axes.AccessLog", "login"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups that have something for this user."""
    groups = [{"title": title, "separator": True, "items": _items(request, models)} for title, models in _GROUPS]
    return [group for group in groups if group["items"]]


def _items(request: HttpRequest, models: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """Return the lists of a group that are registered and that the user may see."""
    from django.contrib import admin  # noqa: PLC0415  # settings name this module before the apps are ready

    items = []
    for label, icon in models:
        model = apps.get_model(label)
        registered = admin.site.is_registered(model)
        if registered and admin.site.get_model_admin(model).has_view_permission(request):
            link = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            items.append({"title": str(model._meta.verbose_name_plural).capitalize(), "icon": icon, "link": link})
    return items
