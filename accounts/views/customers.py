"""Pages of customers: opened, at a glance, changed, closed; another account."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from access.pages import BankForm, DeedPage, ReasonForm, StaffPage
from accounts import selectors, services
from accounts.forms import CustomerForm, NewAccountForm, NewCustomerForm
from accounts.permissions import CLOSE_CUSTOMER, OPEN_CUSTOMER, VIEW_CUSTOMER


class CustomerPage(StaffPage):
    """A customer with accounts and cards at a glance."""

    needs = VIEW_CUSTOMER
    template_name = "accounts/customer.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the customer, accounts and cards; raises CustomerUnknown."""
        customer_id: UUID = kwargs["customer_id"]
        customer = selectors.customer_by_id(customer_id=customer_id, reach=self.by)
        accounts, cards = selectors.accounts_of(customer_id=customer_id), selectors.cards_of(customer_id=customer_id)
        return super().get_context_data(**kwargs, customer=customer, accounts=accounts, cards=cards)


class NewCustomer(DeedPage):
    """Open a customer with a checking and a savings account and a card, whose number is shown once."""

    needs = OPEN_CUSTOMER
    template_name = "accounts/customer_new.html"
    form_class = NewCustomerForm
    card_number = ""

    def initial(self) -> dict[str, Any]:
        """Begin with what was looked for and not found."""
        return {"name": self.request.GET.get("name", "")[:70]}

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Open the customer; a retry issues another card, and the last is the one that stands."""
        opened = services.open_customer(**form.cleaned_data, by=self.by, now=timezone.now())
        self.card_number = opened.card_number
        numbers = {"checking": opened.checking, "savings": opened.savings}
        return {"customer": str(opened.id), "name": opened.name, "card": opened.card_number[-4:], **numbers}

    def done(self, body: Mapping[str, Any], *, replayed: bool) -> HttpResponse:
        """Show what came with the customer; the card's number only now, because it is kept nowhere."""
        opened = {**body, "customer": UUID(body["customer"])}
        return self.show("accounts/customer_opened.html", opened=opened, card_number="" if replayed else self.card_number)


class _CustomersDeed(DeedPage):
    """A deed about one customer, from whose page it starts and to which it leads back."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the customer; raises CustomerUnknown."""
        return super().get_context_data(**kwargs, customer=selectors.customer_by_id(customer_id=self.customer_id, reach=self.by))

    @property
    def customer_id(self) -> UUID:
        """Return whom the page is about."""
        customer_id: UUID = self.kwargs["customer_id"]
        return customer_id

    def back(self) -> str:
        """Return the customer's page."""
        return reverse("accounts:customer", args=[self.customer_id])

    def leads_to(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same place
        """Return the customer's page."""
        return self.back()

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Do it to a customer within reach; raises CustomerUnknown and what the service raises."""
        selectors.require_customer(by=self.by, customer_id=self.customer_id)
        return self.serve(form) or {}

    def serve(self, form: BankForm) -> Mapping[str, Any] | None:
        """Call the one service."""
        raise NotImplementedError


class ChangeCustomer(_CustomersDeed):
    """Give a customer another name, phone number or e-mail address."""

    needs = OPEN_CUSTOMER
    template_name = "accounts/customer_change.html"
    form_class = CustomerForm

    def initial(self) -> dict[str, Any]:
        """Begin with what is known."""
        customer = selectors.customer_by_id(customer_id=self.customer_id, reach=self.by)
        return {"name": customer.name, "phone": customer.phone, "email": customer.email}

    def serve(self, form: BankForm) -> None:
        """Change the customer."""
        services.change_customer(customer_id=self.customer_id, **form.cleaned_data, by=self.by, now=timezone.now())

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say that it is saved."""
        return _("Saved.")


class CloseCustomer(_CustomersDeed):
    """Let a customer go whose accounts are all closed."""

    needs = CLOSE_CUSTOMER
    template_name = "accounts/customer_close.html"
    form_class = ReasonForm

    def serve(self, form: BankForm) -> None:
        """Close the customer."""
        services.close_customer(customer_id=self.customer_id, reason=form.cleaned_data["reason"], by=self.by, now=timezone.now())

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say that the customer has left."""
        return _("The customer has left the bank.")


class NewAccount(_CustomersDeed):
    """Open another account for a customer."""

    needs = OPEN_CUSTOMER
    template_name = "accounts/account_new.html"
    form_class = NewAccountForm

    def serve(self, form: BankForm) -> Mapping[str, Any]:
        """Open the account."""
        account = services.open_account(customer_id=self.customer_id, **form.cleaned_data, by=self.by, now=timezone.now())
        return {"number": account.number}

    def told(self, body: Mapping[str, Any]) -> str:
        """Name the new account."""
        return _("Account %(number)s is open.") % body
