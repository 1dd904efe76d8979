"""What every page shows: whose site it is, who is signed in, and where one can go."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from access.site import this_bank
from banksite import menu


def bank(request: HttpRequest) -> dict[str, Any]:
    """Return the bank, and roles and menu of the user where one is signed in; found once, though a page is drawn from many templates."""
    known: dict[str, Any] | None = getattr(request, "bank_context", None)
    if known is None:
        known = _found(request)
        request.bank_context = known  # type: ignore[attr-defined]  # ours, for as long as the request lasts
    return known


def _found(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    is_known = user is not None and user.is_authenticated
    roles = sorted(user.groups.values_list("name", flat=True)) if user is not None and is_known else []
    shown = {"bank": this_bank(), "role_names": ", ".join(roles), "menu": menu.entries(request) if is_known else []}
    return shown | {"idle_lock_s": settings.IDLE_LOCK_S}
