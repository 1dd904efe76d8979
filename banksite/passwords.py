"""One's own password: chosen on a page, which is the only one that a password from somebody else opens."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from access import services
from access.pages import BankForm, StaffPage
from banksite.locking import OPEN_WHILE_LOCKED, lead

_OPEN = OPEN_WHILE_LOCKED | {"password"}


class ChooseForm(BankForm, PasswordChangeForm):
    """The password of now and, twice, the one from now on."""


@method_decorator(sensitive_post_parameters(), name="dispatch")
class Password(StaffPage):
    """Choose another password."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Ask for it."""
        return self._draw(ChooseForm(self.by))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Take it, and let this session go on."""
        form = ChooseForm(self.by, request.POST)
        if not form.is_valid():
            return self._draw(form)
        services.choose_password(password=form.cleaned_data["new_password1"], by=self.by, now=timezone.now())
        update_session_auth_hash(request, self.by)
        messages.success(request, _("Your password is changed. Wherever else you were signed in, you are not any more."))
        return HttpResponseRedirect("/")

    def _draw(self, form: BankForm) -> HttpResponse:
        return render(self.request, "banksite/password.html", {"form": form, "is_given": self.by.password_given})


class GivenPasswordMiddleware:
    """Show who is signed in with a password from somebody else the page on which to choose one, instead of any other."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        """Answer instead of the page."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not getattr(request.user, "password_given", False):
            return None
        name = request.resolver_match.url_name if request.resolver_match else ""
        return None if name in _OPEN else lead(request, reverse("password"))
