"""Pages of tills and of the day they belong to."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from access.errors import DomainError
from access.pages import TIED, BankForm, DeedPage, StaffPage, grouped, said
from accounts import numbers
from accounts.errors import TillNotOpen
from accounts.money import Money
from accounts.selectors.tills import TillRow, open_tills
from transfers import permissions, selectors, services
from transfers.errors import DayUnknown
from transfers.forms import CarryForm, CountForm, OpenTillForm


class TillPage(StaffPage):
    """My tills; for who closes the day, everybody's."""

    needs = permissions.RUN_TILL
    template_name = "transfers/till.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the tills with what moved through the user's own."""
        tills = open_tills(teller=None if self.may(permissions.CLOSE_DAY) else self.by)
        mine = [(till, selectors.till_movements(till=till)) for till in tills if till.teller_id == self.by.pk]
        return super().get_context_data(**kwargs, mine=mine, others=[till for till in tills if till.teller_id != self.by.pk])


class TillDeed(DeedPage):
    """Something done with a till; leads back to the tills."""

    needs = permissions.RUN_TILL

    def till(self) -> TillRow:
        """Return the till the address names; raises TillNotOpen."""
        found = [till for till in open_tills() if till.number == self.kwargs["number"]]
        if not found:
            raise TillNotOpen(till=self.kwargs["number"])
        return found[0]

    def back(self) -> str:
        """Return the page of tills."""
        return reverse("transfers:till")

    def leads_to(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same place
        """Return the page of tills."""
        return self.back()


class OpenTill(TillDeed):
    """Open a till with a counted float."""

    template_name = "transfers/till_open.html"
    form_class = OpenTillForm

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Open it."""
        currency = form.cleaned_data["currency"]
        services.open_till(currency=currency, float_minor=_counted(form, currency), by=self.by, now=timezone.now())
        return {"currency": currency}

    def told(self, body: Mapping[str, Any]) -> str:
        """Say that it is open."""
        return _("Your till for {currency} is open.").format(currency=body["currency"])


class OfTill(TillDeed):
    """A deed about one till, which is shown beside the form."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the till and what moved through it; raises TillNotOpen."""
        till = self.till()
        return super().get_context_data(**kwargs, till=till, movements=selectors.till_movements(till=till))


class Carry(OfTill):
    """Carry cash between vault and till."""

    template_name = "transfers/till_carry.html"
    form_class = CarryForm

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Carry it."""
        amount = Money.parse(form.cleaned_data["amount"], _currency(self.kwargs["number"]))
        to_till = form.cleaned_data["direction"] == "in"
        services.carry_float(till=self.kwargs["number"], amount=amount, to_till=to_till, by=self.by, now=timezone.now())
        return {"amount_minor": amount.amount_minor, "currency": amount.currency}

    def told(self, body: Mapping[str, Any]) -> str:
        """Say what was carried."""
        return _("{amount} carried.").format(amount=f"{grouped(body['amount_minor'], body['currency'])}{TIED}{body['currency']}")


class Count(OfTill):
    """Count a till to close it."""

    template_name = "transfers/till_count.html"
    form_class = CountForm

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Hand the count in."""
        number = self.kwargs["number"]
        counted, why = _counted(form, _currency(number)), form.cleaned_data["explanation"]
        return {"status": services.count_till(till=number, counted_minor=counted, explanation=why, by=self.by, now=timezone.now())}

    def told(self, body: Mapping[str, Any]) -> str:
        """Say whether it is closed."""
        if body["status"] == "closed":
            return _("The count fits. Everything is handed back, and the till is closed.")
        return _("The count differs. A supervisor is asked to look at it; then close the till.")


class CloseTill(OfTill):
    """Close a till whose difference was agreed to."""

    template_name = "transfers/till_close.html"

    def perform(self, form: BankForm) -> Mapping[str, Any]:  # noqa: ARG002  # nothing to fill in
        """Close it."""
        services.close_till(till=self.kwargs["number"], by=self.by, now=timezone.now())
        return {}

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say that it is closed."""
        return _("Everything is handed back, and the till is closed.")


class Today(StaffPage):
    """Leads to the day it is, which the address names from then on: what is closed after midnight is still the day that was shown."""

    needs = permissions.CLOSE_DAY

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Lead there."""
        return redirect("transfers:day", timezone.localdate())


class Day(DeedPage):
    """A day of the branch: as it is, or as it was closed; closing it is the deed, which happens once whatever is sent."""

    needs = permissions.CLOSE_DAY
    template_name = "transfers/day.html"

    @property
    def day(self) -> date:
        """Return which day."""
        named: date = self.kwargs["day"]
        return named

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the report of a closed day, or what there is of an open one."""
        try:
            closed = selectors.closed_day(day=self.day)
        except DayUnknown:
            shown = {"totals": selectors.day_totals(day=self.day), "tills": selectors.day_tills(day=self.day)}
        else:
            shown = {"closed": closed, "totals": closed.totals, "tills": closed.tills}
        return super().get_context_data(**kwargs, day=self.day, days=selectors.closed_days(), **shown)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Close the day, outside the transaction of a key: the books are read in a snapshot of their own."""
        form = self.make_form(data=request.POST)
        form.full_clean()
        try:
            services.close_day(day=self.day, by=self.by, now=timezone.now())
        except DomainError as refusal:
            form.refuse(code=refusal.code, text=said(refusal))
            return self.draw(form)
        messages.success(request, _("The day is closed."))
        return redirect("transfers:day", self.day)


def _counted(form: BankForm, currency: str) -> int:
    """Return what was counted in minor units, nothing at all included; raises AmountInvalid."""
    text = form.cleaned_data["counted"]
    return 0 if text and set(text) <= set("0.") and text.count(".") < 2 else Money.parse(text, currency).amount_minor


def _currency(till: str) -> str:
    """Return the currency of a till; raises TillNotOpen for what is none."""
    found = numbers.parse(till)
    if found is None:
        raise TillNotOpen(till=till[:34])
    return found.currency
