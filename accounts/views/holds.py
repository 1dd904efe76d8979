"""Pages of holds: money set aside, and freed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from access.pages import BankForm, DeedPage, ReasonForm
from accounts import selectors, services
from accounts.forms import HoldForm
from accounts.money import Money
from accounts.permissions import PLACE_HOLD
from accounts.views.accounts import AmountsDeed


class PlaceHold(AmountsDeed):
    """Set money aside."""

    needs = PLACE_HOLD
    template_name = "accounts/hold_new.html"
    form_class = HoldForm

    def serve(self, form: BankForm) -> None:
        """Place the hold."""
        given = form.cleaned_data
        amount = Money.parse(given["amount"], self.account().currency)
        services.place_hold(
            number=self.number, amount=amount, purpose=given["purpose"], expires_at=given["until"], by=self.by, now=timezone.now()
        )

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say what holds now."""
        return _("The money is set aside.")


class ReleaseHold(DeedPage):
    """Free what a hold set aside."""

    needs = PLACE_HOLD
    template_name = "accounts/hold_release.html"
    form_class = ReasonForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the hold; raises HoldUnknown."""
        return super().get_context_data(**kwargs, hold=selectors.hold_by_id(hold_id=self.hold_id))

    @property
    def hold_id(self) -> UUID:
        """Return which hold; raises HoldUnknown where it is out of reach."""
        hold_id: UUID = self.kwargs["hold_id"]
        selectors.require_hold(by=self.by, hold_id=hold_id)
        return hold_id

    def back(self) -> str:
        """Return the account's page."""
        return reverse("transfers:account", args=[selectors.hold_by_id(hold_id=self.hold_id).account])

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Release the hold."""
        services.release_hold(hold_id=self.hold_id, reason=form.cleaned_data["reason"], by=self.by, now=timezone.now())
        return {}

    def leads_to(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same place
        """Return the account's page."""
        return self.back()

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say what holds now."""
        return _("The hold is released: the money is available again.")
