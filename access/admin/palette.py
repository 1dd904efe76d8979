"""What the admin's site looks up besides its lists."""

from typing import cast

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse


def search(request: HttpRequest) -> HttpResponse:
    """Find lists by their names; everything fits on one page."""
    if request.GET.get("page", "1") != "1":
        raise Http404
    return cast(HttpResponse, admin.site.admin_view(admin.site.search)(request))  # type: ignore[attr-defined]  # Unfold's site has it


def nothing(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # Django passes it
    """Find nothing: no form here completes what is typed, and rows found so would be neither masked nor narrowed."""
    raise Http404
