"""The desk, and the one box that finds anything."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from access.pages import StaffPage, is_live
from access.site import this_bank
from banksite import desk, search, selectors
from headbank.permissions import VIEW_BANKS
from transfers.permissions import DEPOSIT, PAY


class Home(StaffPage):
    """Show the desk; at the head bank, how its own works are."""

    def get_template_names(self) -> list[str]:
        """Return the page of the site's role."""
        return ["banksite/home.html" if this_bank().is_head_bank else "banksite/desk.html"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the page shows."""
        now = timezone.now()
        if this_bank().is_head_bank:
            register = selectors.register() if self.may(VIEW_BANKS) else None
            return super().get_context_data(**kwargs, state=selectors.state(now=now), register=register)
        enters = self.may(DEPOSIT) or self.may(PAY)
        return super().get_context_data(**kwargs, desk=desk.desk(by=self.by, enters=enters, now=now))


class Search(StaffPage):
    """Find anything; the only thing found is shown at once."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Show what was found, or lead to the one thing there is."""
        text = request.GET.get("q", "").strip()[:70]
        found = search.find(text=text, by=self.by)
        if found.count == 1 and not is_live(request) and (only := _address_of(found)):
            return HttpResponseRedirect(only)
        template = "banksite/found.html" if is_live(request) else "banksite/search.html"
        return render(request, template, {"text": text, "found": found})


def _address_of(found: search.Everything) -> str:
    """Return the page of the only thing found."""
    for customer in found.ledger.customers:
        return reverse("accounts:customer", args=[customer.id])
    for account in found.ledger.accounts:
        return reverse("transfers:account", args=[account.number])
    for card in found.ledger.cards:
        return reverse("transfers:account", args=[card.account])
    for transfer in found.transfers:
        return reverse("transfers:transfer", args=[transfer.id])
    return ""
