"""Customers in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget

from access.admin import Asked, BankAdmin, DeedForm, deed, list_link
from accounts import permissions, services
from accounts.models import Account, Customer, Mandate


class ContactForm(DeedForm):
    """Ask how a customer is called and reached."""

    name = forms.CharField(label="Name", max_length=70, widget=UnfoldAdminTextInputWidget)
    phone = forms.CharField(label="Phone", max_length=20, widget=UnfoldAdminTextInputWidget)
    email = forms.CharField(label="E-mail", max_length=254, required=False, widget=UnfoldAdminEmailInputWidget)

    def __init__(self, *args: Any, shown: Any = None, **kwargs: Any) -> None:
        known = {"name": shown.name, "phone": shown.phone, "email": shown.email}
        super().__init__(*args, shown=shown, initial=known, **kwargs)


@admin.register(Customer)
class CustomerAdmin(BankAdmin):
    """Who banks here."""

    list_display = ("name", "phone", "email", "opened_at", "closed_at")
    list_filter = (("closed_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "=phone", "=accounts__number")
    search_help_text = "Name, or the whole phone or account number"
    ordering = ("name", "id")
    fields = ("name", ("phone", "email"), ("opened_at", "closed_at"), ("accounts", "programs"))
    readonly_fields = ("accounts", "programs")
    actions_detail = ("change_contact", "close")

    def name_of(self, row: Any) -> str:
        """Return the customer's name."""
        return str(row.name)

    @admin.display(description="accounts")
    def accounts(self, customer: Customer) -> SafeString:
        """Lead to the customer's accounts."""
        return list_link(Account, "Show the accounts", customer__id__exact=customer.pk)

    @admin.display(description="programs")
    def programs(self, customer: Customer) -> SafeString:
        """Lead to the programs that act for the customer."""
        return list_link(Mandate, "Show the programs", customer__id__exact=customer.pk)

    @deed(
        title="Change name or contact",
        explains="The customer's accounts carry the new name at once. Both the old and the new values stay in the audit trail.",
        submit="Change",
        permission=permissions.OPEN_CUSTOMER,
        form_class=ContactForm,
        icon="edit",
        offered=lambda customer: customer.closed_at is None,
    )
    def change_contact(self, asked: Asked, customer: Customer) -> str:
        """Give a customer another name, phone number or address."""
        services.change_customer(customer_id=customer.id, by=asked.by, now=asked.now, **asked.values)
        return "The customer was changed."

    @deed(
        title="Close this customer",
        explains=lambda customer: f"{customer.name} leaves the bank for good. All of their accounts must be closed before.",
        submit="Close for good",
        permission=permissions.CLOSE_CUSTOMER,
        icon="person_off",
        is_dangerous=True,
        offered=lambda customer: customer.closed_at is None,
    )
    def close(self, asked: Asked, customer: Customer) -> str:
        """Let a customer go."""
        services.close_customer(customer_id=customer.id, reason=asked.reason, by=asked.by, now=asked.now)
        return f"{customer.name} is no customer any more."
