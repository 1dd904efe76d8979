"""What became of transfers: the list, one with its story, its receipt, and what can still be done about it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from access.errors import DomainError
from access.pages import BankForm, DeedPage, ReasonForm, StaffPage, id_or_none, is_live
from transfers import permissions, selectors, services
from transfers.forms import FilterForm
from transfers.orders import Reversal

_PAGE = 50
_REVERSIBLE = ("deposit", "withdrawal", "internal")


class TransferList(StaffPage):
    """Transfers, newest first, as a filter wants them."""

    needs = permissions.VIEW

    def get_template_names(self) -> list[str]:
        """Return the list alone where htmx filters it."""
        return ["transfers/rows.html"] if is_live(self.request) else ["transfers/list.html"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add a page of transfers, the filter, and where older ones are."""
        form = FilterForm(self.request.GET)
        wanted = form.cleaned_data if form.is_valid() else {}
        wanted = {name: wanted.get(name) or None for name in form.fields}
        found = selectors.transfers_before(by=self.by, before=id_or_none(self.request.GET.get("before", "")), limit=_PAGE + 1, **wanted)
        kept = {name: value for name, value in self.request.GET.items() if name in form.fields and value}
        older = f"?{urlencode(kept | {'before': str(found[_PAGE - 1].id)})}" if len(found) > _PAGE else ""
        first = f"?{urlencode(kept)}" if "before" in self.request.GET else ""
        return super().get_context_data(**kwargs, filter=form, transfers=found[:_PAGE], older=older, first=first, is_filtered=bool(kept))


class TransferPage(StaffPage):
    """One transfer and its story."""

    needs = permissions.VIEW
    template_name = "transfers/transfer.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the transfer, its story, and what can be done; raises TransferUnknown."""
        entry, events = selectors.transfer_with_story(transfer_id=kwargs["transfer_id"], by=self.by)
        can_cancel = entry.kind == "outgoing" and entry.status == "pending" and not entry.cancel_asked_at
        can_reverse = entry.kind in _REVERSIBLE and entry.status == "completed" and not selectors.reversed_among(ids=[entry.id])
        return super().get_context_data(
            **kwargs,
            transfer=entry,
            story=selectors.told(entry=entry, events=events),
            can_cancel=can_cancel and self.may(permissions.CANCEL),
            can_reverse=can_reverse and self.may(permissions.REVERSE),
            is_moving=entry.status in {"pending", "awaiting-approval"},
        )


class StoryPart(TransferPage):
    """The story alone, for a page that waits to see it end."""

    template_name = "transfers/story.html"


class Done(TransferPage):
    """What was just ordered, with its reference."""

    template_name = "transfers/done.html"


class Receipt(StaffPage):
    """Print a receipt: sending for it counts a printing, so that a second one says COPY."""

    needs = permissions.VIEW

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Count and show it; raises TransferUnknown."""
        receipt = services.print_receipt(transfer_id=kwargs["transfer_id"], by=self.by, now=timezone.now())
        story = selectors.told(entry=receipt.entry, events=receipt.events)
        paper = "a4" if request.POST.get("paper") == "a4" else "roll"
        return render(request, "transfers/receipt.html", {"receipt": receipt, "transfer": receipt.entry, "story": story, "paper": paper})

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Lead to the transfer, from which it is printed."""
        return HttpResponseRedirect(reverse("transfers:transfer", args=[kwargs["transfer_id"]]))


class AboutTransfer(DeedPage):
    """Something done about one transfer, for a reason."""

    form_class = ReasonForm

    @property
    def transfer_id(self) -> UUID:
        """Return which one."""
        transfer_id: UUID = self.kwargs["transfer_id"]
        return transfer_id

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the transfer; raises TransferUnknown."""
        return super().get_context_data(**kwargs, transfer=selectors.transfer_with_story(transfer_id=self.transfer_id, by=self.by)[0])

    def back(self) -> str:
        """Return the transfer's page."""
        return reverse("transfers:transfer", args=[self.transfer_id])

    def leads_to(self, body: Mapping[str, Any]) -> str:
        """Return the page of what was made, or of the transfer itself."""
        return reverse("transfers:transfer", args=[body.get("transfer_id", self.transfer_id)])


class CancelPage(AboutTransfer):
    """Ask the other bank to cancel."""

    needs = permissions.CANCEL
    template_name = "transfers/cancel.html"

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Ask; raises NotPending."""
        services.cancel_transfer(transfer_id=self.transfer_id, by=self.by, reason=form.cleaned_data["reason"], now=timezone.now())
        return {}

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say what happens now."""
        return _("The other bank is asked to cancel it. Whether it was in time, it says in a moment.")


class ReversePage(AboutTransfer):
    """Ask a second person to take a transfer back."""

    needs = permissions.REVERSE
    template_name = "transfers/reverse.html"

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Submit the reversal, which waits; raises its refusal."""
        order = Reversal(transfer_id=self.transfer_id, reason=form.cleaned_data["reason"])
        [outcome] = services.submit(orders=[order], by=self.by, now=timezone.now())
        if isinstance(outcome, DomainError):
            raise outcome
        return {"transfer_id": str(outcome.transfer_id)}

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say what happens now."""
        return _("A second person is asked to take it back.")
