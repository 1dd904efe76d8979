"""Programs that act in the bank: let in, narrowed, limited, shut out, and the customers who let them act."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from access import services as of_access
from access.admin import Asked, BankAdmin, ReasonForm, Told, deed, list_link
from access.models import ApiClient, OrderLimit
from access.permissions import LIMIT_CLIENT, MANAGE_USERS
from access.roles import API_CLIENT, ROLES
from accounts import permissions, services
from accounts.admin.asking import CurrencyField, amount_field, read_amounts
from accounts.admin.showing import shown_amount
from accounts.models import Customer, Mandate


class ReachForm(ReasonForm):
    """Ask how far a program may go."""

    field_order: tuple[str, ...] = ("scopes", "whole_bank", "requests_per_minute", "reason")
    scopes = forms.MultipleChoiceField(
        label="May",
        required=False,
        choices=lambda: [(scope, scope) for scope in sorted(ROLES[API_CLIENT])],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Nothing marked: everything that programs may.",
    )
    whole_bank = forms.BooleanField(
        label="For every customer",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Otherwise only for those who let it act. A second administrator is asked.",
    )
    requests_per_minute = forms.IntegerField(
        label="Requests a minute",
        required=False,
        min_value=0,
        max_value=1_000_000,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Empty: as many as everybody. 0: without limit.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.shown, ApiClient):
            self.initial = {name: getattr(self.shown, name) for name in ("scopes", "whole_bank", "requests_per_minute")}

    def clean_scopes(self) -> list[str] | None:
        """Return what is left of the role, None for all of it."""
        return self.cleaned_data["scopes"] or None


class EnlistForm(ReachForm):
    """Ask which program is let in."""

    field_order = ("username", "name", "scopes", "whole_bank", "requests_per_minute", "reason")
    username = forms.CharField(label="User name", max_length=60, widget=UnfoldAdminTextInputWidget)
    name = forms.CharField(label="What it is", max_length=150, required=False, widget=UnfoldAdminTextInputWidget)


class OrderLimitForm(ReasonForm):
    """Ask how much a program may order in a currency."""

    field_order = ("currency", "per_transfer", "per_day", "reason")
    currency = CurrencyField()
    per_transfer = amount_field("In one transfer", required=False, help_text="Empty: without limit.")
    per_day = amount_field("In a day", required=False, help_text="Empty: without limit. What it has ordered today counts.")

    def clean(self) -> dict[str, Any]:
        """Read the amounts in their currency."""
        return read_amounts(self, super().clean(), "per_transfer", "per_day")


class CustomerForm(ReasonForm):
    """Ask for a customer, by one of their accounts."""

    field_order = ("account", "reason")
    account = forms.CharField(label="Account of the customer", max_length=42, widget=UnfoldAdminTextInputWidget)

    def clean_account(self) -> Customer:
        """Return whose account it is."""
        number = self.cleaned_data["account"].replace(" ", "").upper()
        holder = Customer.objects.filter(accounts__number=number).first()
        if holder is None:
            raise forms.ValidationError("No customer has this account.")
        return holder


@admin.register(ApiClient)
class ApiClientAdmin(BankAdmin):
    """The programs that act in the bank, and how far they may go."""

    list_display = ("username", "whole_bank", "limited", "requests_per_minute", "is_active")
    search_help_text = "Part of the program's name"
    list_select_related = ("user",)
    list_filter = ("whole_bank",)
    search_fields = ("user__username",)
    fields = (("username", "is_active"), ("whole_bank", "requests_per_minute"), "may", ("limited", "mandates"))
    readonly_fields = ("username", "is_active", "may", "limited", "mandates")
    actions_list = ("enlist",)
    actions_detail = ("change_reach", "limit", "grant", "renew_secret", "sign_out", "shut_out", "let_in")

    def name_of(self, row: Any) -> str:
        """Return the program's name."""
        return str(row.user.username)

    @admin.display(description="program")
    def username(self, client: ApiClient) -> str:
        """Name the program."""
        return client.user.username

    @admin.display(description="active", boolean=True)
    def is_active(self, client: ApiClient) -> bool:
        """Show whether it may come in."""
        return client.user.is_active

    @admin.display(description="may")
    def may(self, client: ApiClient) -> str:
        """Say what is left of its role."""
        return "everything that programs may" if client.scopes is None else ", ".join(client.scopes)

    @admin.display(description="limits of its orders")
    def limited(self, client: ApiClient) -> SafeString | str:
        """Show how much it may order."""
        limits = sorted(client.user.order_limits.items())
        shown = (
            (shown_amount(limit.per_transfer_minor, currency), shown_amount(limit.per_day_minor, currency)) for currency, limit in limits
        )
        return format_html_join("", "<div>{} at once, {} a day</div>", shown) if limits else "none"

    @admin.display(description="customers")
    def mandates(self, client: ApiClient) -> SafeString:
        """Lead to the customers who let it act."""
        return list_link(Mandate, "Show for whom it acts", user__exact=client.pk)

    @deed(
        title="Let a program in",
        explains="A program is made with a secret that is shown once. Without the whole bank it acts for nobody until customers let it.",
        submit="Let in",
        permission=MANAGE_USERS,
        form_class=EnlistForm,
        icon="add_circle",
    )
    def enlist(self, asked: Asked) -> Told:
        """Let a program in."""
        enlisted = of_access.enlist_client(by=asked.by, now=asked.now, **asked.values)
        asks = [("The whole bank", "a second administrator is asked")] if enlisted.approval_id else []
        return Told(text="The new program", lines=[("User name", enlisted.username), ("Secret", enlisted.secret), *asks])

    @deed(
        title="Change what it may do",
        explains=lambda client: f"{client.user.username} may do exactly this, from its next request on; acting for all needs two persons.",
        submit="Change",
        permission=MANAGE_USERS,
        form_class=ReachForm,
        icon="tune",
    )
    def change_reach(self, asked: Asked, client: ApiClient) -> str:
        """Narrow or widen what a program may do."""
        values = dict(asked.values)
        if values["whole_bank"] == client.whole_bank:
            del values["whole_bank"]  # nothing is said about it: a question that waits goes on waiting
        approval = of_access.change_client(username=client.user.username, by=asked.by, now=asked.now, **values)
        waits = " Whether it may act for every customer is asked of a second administrator." if approval else ""
        return f"{client.user.username} was changed.{waits}"

    @deed(
        title="Limit its orders",
        explains=lambda client: (
            f"{client.user.username} can order no more in this currency, fees included. Other currencies stay. "
            "A second person is asked where it could order more than now."
        ),
        submit="Limit",
        permission=LIMIT_CLIENT,
        form_class=OrderLimitForm,
        icon="speed",
    )
    def limit(self, asked: Asked, client: ApiClient) -> str:
        """Limit how much a program may order."""
        said = {name: asked.values[f"{name}_minor"] for name in ("per_transfer", "per_day")}
        limits = {currency: limit for currency, limit in client.user.order_limits.items() if currency != asked.values["currency"]}
        if any(minor is not None for minor in said.values()):
            limits[asked.values["currency"]] = OrderLimit(per_transfer_minor=said["per_transfer"], per_day_minor=said["per_day"])
        asks = of_access.limit_client(username=client.user.username, limits=limits, reason=asked.reason, by=asked.by, now=asked.now)
        return "A second person was asked." if asks else f"The orders of {client.user.username} are limited as you said."

    @deed(
        title="Let it act for a customer",
        explains=lambda client: (
            f"{client.user.username} sees and does for the customer what programs may, from its next request on. "
            "Have the customer's word for it."
        ),
        submit="Let it act",
        permission=permissions.GRANT_MANDATE,
        form_class=CustomerForm,
        icon="handshake",
        offered=lambda client: client.user.is_active and not client.whole_bank,
    )
    def grant(self, asked: Asked, client: ApiClient) -> str:
        """Let a program act for a customer."""
        customer = asked.values["account"]
        services.grant_mandate(user=client.user, customer_id=customer.pk, reason=asked.reason, by=asked.by, now=asked.now)
        return f"{client.user.username} acts for {customer.name}."

    @deed(
        title="Renew the secret",
        explains=lambda client: (
            f"{client.user.username} is signed out and gets another secret, which is shown once."
            + (" A second administrator is asked whether it acts for the whole bank again." if client.whole_bank else "")
        ),
        submit="Renew",
        permission=MANAGE_USERS,
        icon="key",
    )
    def renew_secret(self, asked: Asked, client: ApiClient) -> Told:
        """Give a program another secret."""
        renewed = of_access.renew_secret(username=client.user.username, reason=asked.reason, by=asked.by, now=asked.now)
        return Told(text=f"The new secret of {renewed.username}", lines=[("Secret", renewed.secret)])

    @deed(
        title="Sign out",
        explains=lambda client: f"Every token {client.user.username} has is over at once. It can sign in again with its secret.",
        permission=MANAGE_USERS,
        icon="logout",
    )
    def sign_out(self, asked: Asked, client: ApiClient) -> str:
        """End every sign-in of a program."""
        of_access.sign_out(username=client.user.username, reason=asked.reason, by=asked.by, now=asked.now)
        return f"{client.user.username} is signed out everywhere."

    @deed(
        title="Shut out",
        explains=lambda client: f"{client.user.username} is refused at once.",
        permission=MANAGE_USERS,
        icon="block",
        is_dangerous=True,
        offered=lambda client: client.user.is_active,
    )
    def shut_out(self, asked: Asked, client: ApiClient) -> str:
        """Refuse a program."""
        of_access.change_client(username=client.user.username, is_active=False, reason=asked.reason, by=asked.by, now=asked.now)
        return f"{client.user.username} is refused."

    @deed(
        title="Let in",
        explains=lambda client: f"{client.user.username} is served again.",
        permission=MANAGE_USERS,
        icon="check_circle",
        offered=lambda client: not client.user.is_active,
    )
    def let_in(self, asked: Asked, client: ApiClient) -> str:
        """Serve a program again."""
        of_access.change_client(username=client.user.username, is_active=True, reason=asked.reason, by=asked.by, now=asked.now)
        return f"{client.user.username} is served again."
