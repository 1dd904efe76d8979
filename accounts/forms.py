"""The forms of customers, accounts, holds and cards; the services judge what is in them."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.translation import gettext_lazy as _

from access.pages import BankForm, ReasonForm
from access.site import this_bank
from accounts.money import format_minor

_SPACES = str.maketrans("", "", " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}'")


def plain_decimal(text: str) -> str:
    """Return what somebody wrote in the page's language as the decimal `Money.parse` reads: 1,250.00 or 1.250,00 is 1250.00.

    What is grouped wrongly stays as it is, to be refused: a point where a comma belongs must not move money.
    """
    written = text.translate(_SPACES)
    point, group = get_format("DECIMAL_SEPARATOR"), get_format("THOUSAND_SEPARATOR")
    whole, _point, places = written.partition(point)
    first, *groups = whole.split(group)
    if groups and 1 <= len(first) <= 3 and all(len(part) == 3 for part in groups):
        whole = "".join([first, *groups])
    return f"{whole}.{places}" if _point else whole


def written_decimal(amount_minor: int, currency: str) -> str:
    """Return an amount as `plain_decimal` reads it: with the decimal sign of the page's language, and not grouped."""
    return format_minor(amount_minor, currency).replace(".", get_format("DECIMAL_SEPARATOR"))


class CustomerForm(BankForm):
    """Who banks here."""

    places = {"name-invalid": "name", "phone-invalid": "phone", "phone-taken": "phone", "email-invalid": "email"}

    name = forms.CharField(
        label=_("Full name"),
        help_text=_("As it stands in the passport or the register of companies."),
        max_length=70,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Enter the customer's name.")},
    )
    phone = forms.CharField(
        label=_("Phone number"),
        help_text=_("With the country's code, like +31 20 555 0001."),
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        error_messages={"required": _("Enter the customer's phone number.")},
    )
    email = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class NewCustomerForm(CustomerForm):
    """A new customer, and the currency of the accounts that come with it."""

    places = {**CustomerForm.places, "currency-not-offered": "currency"}

    currency = forms.ChoiceField(label=_("Currency of the accounts"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_currencies(self)


class NewAccountForm(BankForm):
    """Another account."""

    places = {"kind-not-offered": "kind", "currency-not-offered": "currency"}

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("checking", _("Checking")), ("savings", _("Savings")), ("credit", _("Credit")), ("prepaid", _("Prepaid"))],
        widget=forms.RadioSelect(attrs={"autofocus": True}),
        error_messages={"required": _("Choose the kind of account.")},
    )
    currency = forms.ChoiceField(label=_("Currency"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_currencies(self)


class AmountForm(BankForm):
    """A form about an amount of a currency that the page knows."""

    places = {"amount-invalid": "amount", "insufficient-funds": "amount", "limit-invalid": "amount", "limit-in-use": "amount"}

    amount = forms.CharField(
        label=_("Amount"),
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "autofocus": True}),
        error_messages={"required": _("Enter an amount.")},
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].help_text = _("In %(currency)s.") % {"currency": currency}

    def clean_amount(self) -> str:
        """Return the amount as a plain decimal."""
        return plain_decimal(self.cleaned_data["amount"])


class HoldForm(AmountForm):
    """Money to set aside."""

    places = {**AmountForm.places, "expiry-invalid": "until"}

    purpose = forms.CharField(
        label=_("What for?"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Say what the money is set aside for.")},
    )
    until = forms.DateField(
        label=_("Until"),
        help_text=_("The last day on which it is set aside; at most a year ahead."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d-%m-%Y"],
        error_messages={"required": _("Enter the last day."), "invalid": _("Enter a day like 2026-03-31.")},
    )

    def clean_until(self) -> datetime:
        """Return the moment at which the day is over, here."""
        day_after = min(self.cleaned_data["until"], date.max - timedelta(days=1)) + timedelta(days=1)  # the service knows how far ahead
        return datetime.combine(day_after, time.min, tzinfo=timezone.get_current_timezone())


class LimitForm(AmountForm, ReasonForm):
    """Another credit limit, and why."""

    places = {**AmountForm.places, **ReasonForm.places}
    field_order = ("amount", "reason")


def _offer_currencies(form: BankForm) -> None:
    """Offer the bank's currencies, the first of which is meant unless another is named."""
    currencies = this_bank().currencies
    field = form.fields["currency"]
    assert isinstance(field, forms.ChoiceField)
    field.choices = [(currency, currency) for currency in currencies]
    field.initial = currencies[0]
    if len(currencies) == 1:
        field.widget = forms.HiddenInput()
