"""The forms of the counter: cash, payments, tills, days; the services judge what is in them."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from access.pages import BankForm
from access.site import this_bank
from accounts.forms import plain_decimal
from accounts.words import WORDS
from transfers.events import MAX_TEXT
from transfers.models import Transfer
from transfers.statements import EARLIEST, LATEST

_FUNDS = {"insufficient-funds": "amount", "amount-invalid": "amount", "till-short": "amount", "float-too-large": "amount"}
_AS_TYPED = "load, input changed delay:300ms"
_ACCOUNT = ("account-unknown", "account-closed", "account-frozen", "account-internal", "not-our-account")


class IbanField(forms.CharField):
    """An account number, as people write it: in groups, in small letters."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters", **kwargs.pop("attrs", {})}
        super().__init__(max_length=60, widget=forms.TextInput(attrs=attrs), **kwargs)

    def to_python(self, value: Any) -> str:
        """Return the number as machines write it."""
        return "".join(str(super().to_python(value)).split()).upper()[:34]


class AmountField(forms.CharField):
    """An amount, read in the page's language; its currency is the account's."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off", **kwargs.pop("attrs", {})}
        messages = {"required": _("Enter the amount.")}
        super().__init__(max_length=30, widget=forms.TextInput(attrs=attrs), error_messages=messages, **{"label": _("Amount"), **kwargs})

    def to_python(self, value: Any) -> str:
        """Return the decimal that `Money.parse` reads."""
        return plain_decimal(str(super().to_python(value)))


class ReferenceField(forms.CharField):
    """What it is for; may be left out."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "off"})
        super().__init__(label=_("Reference"), required=False, max_length=MAX_TEXT, widget=widget, **kwargs)


class CashForm(BankForm):
    """Cash over the counter."""

    places = {**_FUNDS, **dict.fromkeys(_ACCOUNT, "account"), "iban-invalid": "account", "text-invalid": "reference"}

    account = IbanField(
        label=_("Account"),
        help_text=_("The customer's IBAN."),
        attrs={"autofocus": True},
        error_messages={"required": _("Enter the account.")},
    )
    amount = AmountField()
    reference = forms.CharField(
        label=_("Reference"), required=False, max_length=MAX_TEXT, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class PayForm(BankForm):
    """A payment; the creditor's IBAN decides whether it stays."""

    places = {
        **_FUNDS,
        **dict.fromkeys(_ACCOUNT, "debtor"),
        **dict.fromkeys(("iban-invalid", "bank-unknown", "bank-suspended", "bank-closed", "same-account", "currency-mismatch"), "creditor"),
        "text-invalid": "reference",
    }

    debtor = IbanField(
        label=_("From account"),
        help_text=_("An account of this bank."),
        attrs={"autofocus": True},
        error_messages={"required": _("Enter the account that pays.")},
    )
    creditor = IbanField(
        label=_("To account"),
        help_text=_("The IBAN decides whether the money stays in this bank or leaves."),
        attrs={
            "hx-get": reverse_lazy("transfers:creditor"),
            "hx-trigger": _AS_TYPED,
            "hx-target": "#creditor-place",
        },
        error_messages={"required": _("Enter the account that is paid.")},
    )
    creditor_name = forms.CharField(
        label=_("Name of who is paid"),
        max_length=MAX_TEXT,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter the name of who is paid.")},
    )
    amount = AmountField()
    reference = forms.CharField(
        label=_("Reference"), required=False, max_length=MAX_TEXT, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def refuse(self, *, code: str, text: str) -> None:
        """Show an account that is not there at the field it was entered in."""
        is_creditor = code in {"account-unknown", "account-closed"} and self.cleaned_data["creditor"] in text
        super().refuse(code=code, text=text)
        if is_creditor and "debtor" in self.errors:
            self.errors["creditor"] = self.errors.pop("debtor")


def _day_field(label: Any) -> forms.DateField:
    """Return a field for a day that need not be said, of a year in which there could have been a bank."""
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d-%m-%Y"],
        validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
    )


class FilterForm(BankForm):
    """Which transfers are shown."""

    is_filter = True
    account = IbanField(label=_("Account"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    status = forms.ChoiceField(label=_("Status"), required=False)
    day = _day_field(_("Day"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("kind", Transfer.Kind.values), ("status", Transfer.Status.values)):
            self.fields[name].choices = [("", _("All")), *((value, _(WORDS[value])) for value in choices)]  # type: ignore[attr-defined]  # a field of choices has them


class OpenTillForm(BankForm):
    """The counted float of a till that opens."""

    places = {"amount-invalid": "counted", "float-too-large": "counted", "currency-not-offered": "currency"}

    currency = forms.ChoiceField(label=_("Currency"))
    counted = AmountField(
        label=_("Counted float"), help_text=_("What you carry from the vault and have counted; 0 for none."), attrs={"autofocus": True}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(code, code) for code in this_bank().currencies]  # type: ignore[attr-defined]  # a field of choices has them


class CarryForm(BankForm):
    """Cash between vault and till."""

    places = _FUNDS
    direction = forms.ChoiceField(
        label=_("Which way?"),
        choices=[("in", _("From the vault into the till")), ("out", _("From the till into the vault"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Say which way the cash goes.")},
    )
    amount = AmountField()


class CountForm(BankForm):
    """What was counted in a till."""

    places = {"amount-invalid": "counted", "reason-missing": "explanation"}
    counted = AmountField(
        label=_("Counted cash"), help_text=_("All notes and coins in the till, as you counted them."), attrs={"autofocus": True}
    )
    explanation = forms.CharField(
        label=_("Explanation"),
        help_text=_("Only when it differs from what the till should hold; a second person reads it."),
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class UploadForm(BankForm):
    """A payments file."""

    places = dict.fromkeys(("file-too-long", "file-unusable", "file-empty"), "file")
    file = forms.FileField(
        label=_("Payments file"),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv", "autofocus": True}),
        error_messages={"required": _("Choose the file."), "empty": _("This file is empty.")},
    )


class StatementFilterForm(BankForm):
    """Which lines of a statement."""

    is_filter = True

    since = _day_field(_("From"))
    until = _day_field(_("To"))
    direction = forms.ChoiceField(
        label=_("Direction"), required=False, choices=[("", _("In and out")), ("in", _("Money in")), ("out", _("Money out"))]
    )
    text = forms.CharField(
        label=_("Name, number, reference or amount"), required=False, max_length=70, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
