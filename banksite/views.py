"""The pages that show life: signing in and out, and the first page."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView, LogoutView
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from access.pages import BankForm
from banksite import selectors
from headbank.permissions import VIEW_BANKS


class SignInForm(BankForm, AuthenticationForm):
    """Who signs in; which of both is wrong is not said."""

    username = UsernameField(
        label=_("User name"),
        widget=forms.TextInput(attrs={"autofocus": True, "autocapitalize": "none", "autocomplete": "username", "spellcheck": "false"}),
    )
    error_messages = {"invalid_login": _("The user name or the password is not right. Capital letters count.")}


class SignIn(LoginView):
    """Sign a member of staff in."""

    template_name = "banksite/sign_in.html"
    authentication_form = SignInForm


class SignOut(LogoutView):
    """Sign out, by POST only."""


class Home(LoginRequiredMixin, TemplateView):
    """Show what goes on in the bank."""

    template_name = "banksite/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the page shows."""
        user = self.request.user
        may_see_transfers = user.has_perm("transfers.view_transfer")
        return super().get_context_data(
            **kwargs,
            state=selectors.state(now=timezone.now()),
            latest=selectors.latest_transfers() if may_see_transfers else [],
            register=selectors.register() if user.has_perm(VIEW_BANKS) else None,
        )
