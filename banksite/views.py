"""The pages that show life: signing in and out, and the first page."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView, LogoutView
from django.utils import timezone
from django.views.generic import TemplateView

from banksite import selectors


class SignIn(LoginView):
    """Sign a member of staff in."""

    template_name = "banksite/sign_in.html"


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
            **kwargs, state=selectors.state(now=timezone.now()), latest=selectors.latest_transfers() if may_see_transfers else []
        )
