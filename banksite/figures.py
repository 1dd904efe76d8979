"""What this bank looks like in figures: transfers by outcome, its own accounts, what still waits, who may be paid."""

from typing import Any

from django.db.models import Count, F, Sum
from django.db.models.functions import Coalesce

from access.site import this_bank
from accounts.models import Account
from messaging.selectors import all_peers, directory_version, open_dead_letters
from transfers.models import Transfer


def as_document() -> dict[str, Any]:
    """Return the figures as plain JSON values. It counts all transfers: not for a page."""
    return {
        "bank": this_bank().code,
        "directory": directory_version(),
        "peers": [peer.code for peer in all_peers()],
        "pending": Transfer.objects.filter(status__word=Transfer.Status.PENDING).count(),
        "dead_letters": open_dead_letters(),
        "transfers": list(
            Transfer.objects.values("kind", "status", "reason", "currency")
            .annotate(number=Count("id"), amount_minor=Sum("amount_minor"))
            .order_by("kind", "status", "reason", "currency")
        ),
        "own_accounts": _own_accounts(),
    }


def customer_accounts() -> list[dict[str, Any]]:
    """Return every account of a customer as plain JSON values, by number."""
    rows = Account.objects.filter(customer__isnull=False).order_by("number")
    return [dict(row) for row in rows.values("number", "holder_name", "kind", "currency", "status", "balance_minor")]


def _own_accounts() -> list[dict[str, Any]]:
    """Return the bank's own accounts with their balances, striped ones summed."""
    striped = Coalesce(Sum("stripes__credits_minor") - Sum("stripes__debits_minor"), 0)
    rows = Account.objects.filter(customer__isnull=True).annotate(total_minor=F("balance_minor") + striped).order_by("number")
    return [
        {"number": number, "currency": currency, "balance_minor": balance}
        for number, currency, balance in rows.values_list("number", "currency", "total_minor")
    ]
