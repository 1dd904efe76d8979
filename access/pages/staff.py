"""The base of every page: for members of staff who hold the permission it names."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django.views.generic import TemplateView

from access.errors import NotAllowed
from access.models import User
from access.permissions import require

STAFF = "access.staff"  # what a program lacks that knows a password


class StaffPage(TemplateView):
    """A page. `needs` is the permission it takes, "" for every member of staff; refusals raised anywhere become a page of their own."""

    needs: ClassVar[str] = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, or lead strangers to the sign-in and back; raises NotAllowed."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        by = user_of(request)
        if not by.is_staff:
            raise NotAllowed(permission=STAFF)
        if self.needs:
            require(by=by, permission=self.needs)
        response = super().dispatch(request, *args, **kwargs)
        add_never_cache_headers(response)  # a shared desk's browser keeps no customer's page
        return response

    @property
    def by(self) -> User:
        """Return who asks."""
        return user_of(self.request)

    def may(self, permission: str) -> bool:
        """Return whether who asks holds a permission, to offer only what can be done."""
        return self.by.has_perm(permission)


def user_of(request: HttpRequest) -> User:
    """Return who asks, where only the known come in."""
    assert isinstance(request.user, User), "a page for staff knows nobody else"
    return request.user


def is_live(request: HttpRequest) -> bool:
    """Return whether htmx asks for a part of the page that is on the screen, and not the browser for all of it."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"


def id_or_none(text: str) -> UUID | None:
    """Return the id that an address carries, None where it carries none: the list begins at its beginning."""
    try:
        return UUID(text)
    except ValueError:
        return None
