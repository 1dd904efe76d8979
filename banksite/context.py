"""What every page shows: whose site it is and who is signed in."""

from typing import Any

from django.http import HttpRequest

from access.site import this_bank


def bank(request: HttpRequest) -> dict[str, Any]:
    """Return the bank, and the roles of the user where one is signed in."""
    user = getattr(request, "user", None)
    roles = sorted(user.groups.values_list("name", flat=True)) if user is not None and user.is_authenticated else []
    return {"bank": this_bank(), "role_names": ", ".join(roles)}
